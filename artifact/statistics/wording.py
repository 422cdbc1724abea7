"""A decision in sentences: plain ones, with the figures that they rest on."""

from collections.abc import Iterator, Sequence
from typing import Final

from artifact.statistics.constraints import Unmet
from artifact.statistics.option import Option, Rival, Verdict
from artifact.statistics.paired import PairedDifference
from artifact.study import LEVEL

_MANY: Final = 5_000  # pictures: from here on a hundredth of a point is worth a digit
_EQUAL: Final = 1e-9  # shares of the same pictures
_SHARES: Final = ("min-accuracy", "min-recall")
_UNITS: Final = {"max-ms": "ms", "max-kib": "KiB"}


def explain_pick(
    pick: Option, best: Option, tied: Sequence[str], rival: Rival | None, useful: Sequence[Option]
) -> Iterator[str]:
    """Say what is shipped, what it ties with, what its rival costs, what the constraints cost."""
    low, high = (share(end, pick.images) for end in pick.interval)
    yield (
        f"Ship {pick}: {share(pick.accuracy, pick.images)} of {pick.images:,} pictures (95% "
        f"interval {low} to {high}), {price(pick.bytes, pick.p50_ms)}. Always naming the most "
        f"frequent class would get {share(pick.majority, pick.images)}."
    )
    if rival is None:
        yield "No other model can be served: its only rival is the most frequent class."
    else:
        yield _tie(pick, best, tied, alone=not rival.shippable)
        yield from _beside(pick, rival)
    yield from _forgone(best, useful)


def explain_refusal(verdict: Verdict, best: Option, failing: Sequence[Unmet]) -> Iterator[str]:
    """Say why nothing is shipped."""
    own, majority = share(best.accuracy, best.images), share(best.majority, best.images)
    match verdict:
        case "flawed":
            yield "Ship none: every model has a finding that no accuracy makes good."
        case "no-better-than-majority":
            yield (
                f"Ship none: the best, {best}, names {own} of {best.images:,} pictures, which is "
                f"not more, beyond noise, than the {majority} of always naming the most frequent "
                "class."
            )
        case _:
            yield "Ship none: nothing meets the constraints."
            yield from map(_shortfall, failing)
            yield f"Without constraints, the most accurate is {best} with {own}."


def share(value: float, images: int) -> str:
    """An accuracy, with as many digits as that many pictures support."""
    return f"{100 * value:.{_digits(images)}f}%"


def _digits(images: int) -> int:
    return 2 if images >= _MANY else 1


def milliseconds(value: float) -> str:
    """Two significant digits, but no power of ten: `0.061`, `1.4`, `120`."""
    return f"{value:.2g}" if value < 99 else f"{value:,.0f}"


def price(size: int, p50_ms: float | None) -> str:
    """`36 KiB, 0.061 ms`."""
    time = "latency not measured" if p50_ms is None else f"{milliseconds(p50_ms)} ms a picture"
    return f"{size / 1024:,.0f} KiB, {time}"


def _tie(pick: Option, best: Option, tied: Sequence[str], *, alone: bool) -> str:
    if alone:
        return (
            f"{best.model} is the only model that meets the constraints and beats the most "
            "frequent class."
        )
    if len(tied) == 1:
        return (
            f"{best.model} is more accurate, by more than noise, than every other model that "
            "meets the constraints."
        )
    names = f"{', '.join(tied[:-1])} and {tied[-1]}"
    merit = (
        f"{best.model} is the most accurate, and nothing smaller is within one standard error of it"
        if pick.model == best.model
        else f"{pick.model} is the smallest within one standard error of {best.model}"
    )
    return f"{names} cannot be told apart by {pick.images:,} pictures: {merit}."


def _beside(pick: Option, rival: Rival) -> Iterator[str]:
    outside = "" if rival.shippable else ", though that could not be shipped itself"
    other, noise = rival.choice, "more" if rival.p_value < LEVEL else "no more"
    rounded = abs(pick.accuracy - other.accuracy - rival.paired.difference) > _EQUAL
    who = "Before rounding to 8 bits, the pick" if rounded else "The pick"
    yield (
        f"Its rival is {other.model} on {other.runtime}: {share(other.accuracy, pick.images)}, "
        f"{price(other.bytes, other.p50_ms)}{outside}. {who} {_difference(rival.paired)}, p = "
        f"{rival.p_value:.2g}: {noise} than noise."
    )
    if rival.more_pictures is not None:
        yield (
            "These pictures cannot tell yet which of the two is better: about "
            f"{_rounded(rival.more_pictures):,} more would."
        )


def _difference(paired: PairedDifference) -> str:
    digits = _digits(paired.images)
    low, high = (f"{100 * end:+.{digits}f}" for end in paired.interval)
    side = "ahead" if paired.difference >= 0 else "behind"
    points = f"{abs(100 * paired.difference):.{digits}f} points"
    return f"is {points} {side} (95% interval {low} to {high})"


def _forgone(best: Option, useful: Sequence[Option]) -> Iterator[str]:
    """What the constraints cost, where something is more accurate beyond noise without them."""
    first = max(useful, key=lambda option: option.accuracy)
    paired = first.against(best)
    if first.model != best.model and paired.p_value < LEVEL:
        yield (
            f"The constraints cost {100 * paired.difference:.{_digits(paired.images)}f} points: "
            f"{first} has "
            f"{share(first.accuracy, first.images)}, and {price(first.bytes, first.p50_ms)}."
        )


def _shortfall(failing: Unmet) -> str:
    name = failing.constraint
    if failing.value is None or failing.misses_by is None or isinstance(failing.limit, str):
        return f"{name} {failing.limit} fails: no model has it, or it was not measured."
    return (
        f"{name} {_amount(name, failing.limit)} fails: the nearest is {failing.nearest} with "
        f"{_amount(name, failing.value)}, {_amount(name, failing.misses_by, apart=True)} off."
    )


def _amount(name: str, value: float, *, apart: bool = False) -> str:
    if name.startswith(_SHARES):
        return f"{100 * value:.1f} points" if apart else f"{100 * value:.1f}%"
    return f"{value:.3g} {_UNITS[name]}"


def _rounded(count: int) -> int:
    """Two leading digits: more would promise what no forecast can."""
    places = max(0, len(str(count)) - 2)
    return round(count, -places)

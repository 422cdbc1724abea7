"""Which model on which runtime to ship, and why: one function for the page, reports and commands.

The rules hold for any pictures, and none rests on a level that one data set reaches:

1. What does no better than always naming the most frequent class is never shipped.
2. Constraints come first; where nothing meets them, it is said which one fails, and by how much.
3. Of what is left, models tie that McNemar's exact test cannot tell from the most accurate one.
   The smallest is picked of those ties that are within one standard error of it (Breiman et al.,
   Classification and regression trees, 1984, section 3.4.3), and of those that are no less accurate
   than one of these: a wide tie over few pictures is no proof that two models are equally good.
4. The pick stands beside a rival, with the price of either and the number of pictures that would
   settle which is better.
"""

from collections.abc import Sequence
from math import inf, sqrt
from typing import Final

from pydantic import Field

from artifact.manifest import Part, Share
from artifact.statistics.constraints import Constraints, Unmet, meets, unmet
from artifact.statistics.option import Choice, Option, Rival, Verdict
from artifact.statistics.paired import holm
from artifact.statistics.proportions import pictures_to_tell
from artifact.statistics.wording import explain_pick, explain_refusal
from artifact.study import LEVEL

_AS_SMALL: Final = 1.05  # times the smallest file: a container's own few bytes decide nothing


class Decision(Part):
    """What to ship, or why nothing."""

    verdict: Verdict
    images: int = Field(ge=1, description="Pictures that every model was tested on.")
    majority: Share = Field(description="Accuracy of always naming the most frequent class.")
    constraints: Constraints
    pick: Choice | None = Field(description="Null where nothing is to be shipped.")
    tied: tuple[str, ...] = Field(
        description="Models that the pictures cannot tell from the most accurate one, which is "
        "first, among those that meet the constraints."
    )
    rival: Rival | None = Field(description="Null where there is no other model.")
    unmet: tuple[Unmet, ...] = Field(description="Why nothing meets the constraints.")
    reasons: tuple[str, ...] = Field(description="The same in sentences.")


def decide(options: Sequence[Option], constraints: Constraints | None = None) -> Decision:
    """Choose among options that were tested on the same pictures.

    Raises:
        ValueError: There are no options, or they were tested on different numbers of pictures.
    """
    constraints = constraints or Constraints()
    _check(options)
    sound = [option for option in options if not option.findings]
    if not sound:
        return _refuse("flawed", options, constraints)
    useful = [option for option in sound if option.interval[0] > option.majority]
    if not useful:
        return _refuse("no-better-than-majority", sound, constraints)
    eligible = [option for option in useful if meets(option, constraints)]
    if not eligible:
        return _refuse("constraints-unmet", useful, constraints)
    return _ship(eligible, useful, sound, constraints)


def _check(options: Sequence[Option]) -> None:
    counts = {option.supports for option in options}
    if len(counts) != 1:
        raise ValueError(
            f"a decision needs options that were tested on the same pictures; these {len(options)} "
            f"were tested on {len(counts)} different sets"
        )


def _refuse(verdict: Verdict, options: Sequence[Option], constraints: Constraints) -> Decision:
    failing = unmet(options, constraints) if verdict == "constraints-unmet" else ()
    best = max(options, key=_merit)
    return Decision(
        verdict=verdict,
        images=best.images,
        majority=best.majority,
        constraints=constraints,
        pick=None,
        tied=(),
        rival=None,
        unmet=failing,
        reasons=tuple(explain_refusal(verdict, best, failing)),
    )


def _ship(
    eligible: Sequence[Option],
    useful: Sequence[Option],
    sound: Sequence[Option],
    constraints: Constraints,
) -> Decision:
    best = max(eligible, key=_merit)
    p_values = _against(best, eligible)
    tied = [best.model, *(model for model, p_value in p_values.items() if p_value >= LEVEL)]
    tying = [option for option in eligible if option.model in tied]
    least = min(option.accuracy for option in tying if _within_one_error(option, best))
    pick = _smallest([option for option in tying if option.accuracy >= least])
    # Never without a rival: where no other model could be shipped, the best that could not.
    pools = ([one for one in pool if one.model != pick.model] for pool in (eligible, useful, sound))
    others = next(filter(None, pools), None)
    rival = _rival(pick, max(others, key=_merit), best, p_values) if others else None
    return Decision(
        verdict="ship",
        images=pick.images,
        majority=pick.majority,
        constraints=constraints,
        pick=Choice.model_validate(pick, from_attributes=True),
        tied=tuple(tied),
        rival=rival,
        unmet=(),
        reasons=tuple(explain_pick(pick, best, tied, rival, useful)),
    )


def _merit(option: Option) -> tuple[float, float, int]:
    """The most accurate first; of equals the fastest, then the smallest."""
    return option.accuracy, -_time(option), -option.bytes


def _against(best: Option, eligible: Sequence[Option]) -> dict[str, float]:
    """Holm's p-value of every other model against the most accurate one, the best first."""
    others: dict[str, Option] = {}
    for option in sorted(eligible, key=_merit, reverse=True):
        if option.model != best.model:
            others.setdefault(option.model, option)
    adjusted = holm([best.against(option).p_value for option in others.values()])
    return dict(zip(others, adjusted, strict=True))


def _within_one_error(option: Option, best: Option) -> bool:
    """Whether it is behind by no more than the standard error of the paired difference."""
    paired = best.against(option)
    discordant = paired.discordant + best.rounded + option.rounded
    behind = best.accuracy - option.accuracy
    return behind <= sqrt(max(discordant / paired.images - behind**2, 0.0) / paired.images)


def _smallest(options: Sequence[Option]) -> Option:
    """The fastest of the files that are as good as the smallest: nobody waits to save bytes."""
    fewest = min(option.bytes for option in options)
    return min(
        (option for option in options if option.bytes <= _AS_SMALL * fewest),
        key=lambda option: (_time(option), option.bytes, -option.accuracy),
    )


def _rival(pick: Option, rival: Option, best: Option, p_values: dict[str, float]) -> Rival:
    paired = pick.against(rival)
    one_is_best = best.model in (pick.model, rival.model)
    other = rival.model if pick.model == best.model else pick.model
    p_value = p_values.get(other, paired.p_value) if one_is_best else paired.p_value
    needed = pictures_to_tell(paired.images, paired.only_first_right, paired.only_second_right)
    settled = p_value < LEVEL or needed is None
    return Rival(
        choice=Choice.model_validate(rival, from_attributes=True),
        shippable=rival.model == best.model or rival.model in p_values,
        paired=paired,
        p_value=p_value,
        more_pictures=None if settled or needed is None else max(1, needed - paired.images),
    )


def _time(option: Option) -> float:
    return inf if option.p50_ms is None else option.p50_ms

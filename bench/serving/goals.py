"""The targets for Tandem's speed, what a change cost or gave; how each is read from the results."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, le
from statistics import median
from typing import Final

from bench.serving.bodies import Kind
from bench.serving.contestants import BEFORE, TANDEM, choose
from bench.serving.results import ByRound, Overload, Results, Spread, ratio
from research.output import markdown

_MB: Final = "{:.0f} MB"


@dataclass(frozen=True)
class Goal:
    """One target.

    Attributes:
        what: Of which situation.
        target: The bound, in words.
        read: The figure of every round.
        bound: What the median must reach.
        reaches: How: at least (ge) or at most (le).
        form: How the figure is written.
    """

    what: str
    target: str
    read: Callable[[Results], ByRound]
    bound: float
    reaches: Callable[[float, float], bool] = ge
    form: str = "{:.2f}x"

    def got(self, results: Results) -> Spread | None:
        """The figure over the rounds; None where it was not measured."""
        return Spread.of(self.read(results))

    def met(self, got: Spread) -> bool:
        """Whether the median reaches the target."""
        return self.reaches(got.median, self.bound)


def _times(peer: str, its: Kind = "form", kind: Kind = "picture") -> Callable[[Results], ByRound]:
    """How many requests a second Tandem answers for one of a peer's, 16 clients.

    The peer is taken at its best: batched or not, whichever answered more in that round.
    """

    def read(results: Results) -> ByRound:
        plain = results.per_second(peer, its, 16)
        batched = results.per_second(f"{peer}-batched", its, 16)
        best = {at: max(plain[at], batched.get(at, 0.0)) for at in plain}
        return ratio(results.per_second(TANDEM, kind, 16), best)

    return read


def _part(peer: str, kind: Kind = "form") -> Callable[[Results], ByRound]:
    """Median time to Tandem's answer as a part of a peer's, 1 client."""
    return lambda results: ratio(results.p50(TANDEM, "picture", 1), results.p50(peer, kind, 1))


def _part_of_loop(results: Results) -> ByRound:
    found = ratio(results.per_second(TANDEM, "batch", 16), results.loop())
    return {at: 100 * part for at, part in found.items()}


def _tail(results: Results) -> ByRound:
    return ratio(results.p99(TANDEM, "picture", 64), results.p50(TANDEM, "picture", 64))


def _errors(results: Results) -> ByRound:
    return results.errors(TANDEM)


def _ready(results: Results) -> ByRound:
    return {at: start.seconds for at, start in results.starts_of(TANDEM).items()}


def _memory_ready(results: Results) -> ByRound:
    return {at: start.ready_rss_mb for at, start in results.starts_of(TANDEM).items()}


def _memory_loaded(results: Results) -> ByRound:
    """After one picture a request in every form, 64 clients: the form files come last."""
    return results.rss_mb(TANDEM, "form", 64)


def _two_workers(results: Results) -> ByRound:
    """How many requests two cores can answer for one that one core can, by the time each takes."""
    per_core = ratio(results.scaling_core_ms(1), results.scaling_core_ms(2))
    return {at: 2 * part for at, part in per_core.items()}


def _overload(read: Callable[[Overload], float | None]) -> Callable[[Results], ByRound]:
    """Overload is offered once, after the rounds."""

    def read_once(results: Results) -> ByRound:
        found = None if results.overload is None else read(results.overload)
        return {} if found is None else {1: found}

    return read_once


def _kept(overload: Overload) -> float | None:
    kept = overload.accepted_p99_ms
    return None if kept is None else kept / overload.calm_p99_ms


GOALS: Final = (
    Goal(
        "one PNG as form file, 16 clients, against FastAPI + ONNX Runtime (form file)",
        "at least 1.3x",
        _times("fastapi", kind="form"),
        1.3,
    ),
    Goal(
        "one PNG as body, 16 clients, against the same",
        "at least 2.3x",
        _times("fastapi"),
        2.3,
    ),
    Goal(
        "one PNG as body, 16 clients, against mosec", "at least 1x", _times("mosec", "picture"), 1.0
    ),
    Goal(
        "one PNG as body, 1 client, median time, against mosec",
        "at most 0.1x",
        _part("mosec", "picture"),
        0.1,
        le,
        "{:.3f}x",
    ),
    Goal("the same, against LitServe", "at most 0.25x", _part("litserve"), 0.25, le, "{:.3f}x"),
    Goal(
        "V2 JSON tensor, 16 clients, against MLServer",
        "at least 2.5x",
        _times("mlserver", "tensor", "tensor"),
        2.5,
    ),
    Goal(
        "V2 binary, batches of 256, 16 clients, of bare ONNX Runtime in a loop",
        "at least 85%",
        _part_of_loop,
        85,
        ge,
        "{:.0f}%",
    ),
    Goal("16 clients, against LitServe", "at least 6x", _times("litserve"), 6, ge, "{:.1f}x"),
    Goal("16 clients, against BentoML", "at least 8x", _times("bentoml"), 8, ge, "{:.1f}x"),
    Goal("16 clients, against Ray Serve", "at least 20x", _times("ray"), 20, ge, "{:.1f}x"),
    Goal("one PNG as body, 64 clients, p99 against p50", "at most 2x", _tail, 2, le),
    Goal("answers that are no success, all loads", "none", _errors, 0, le, "{:.0f}"),
    Goal("start to first right answer, ONNX only", "at most 1.0 s", _ready, 1.0, le, "{:.2f} s"),
    Goal("resident memory of a worker, ready", "at most 120 MB", _memory_ready, 120, le, _MB),
    Goal(
        "the same, after 64 clients with pictures", "at most 120 MB", _memory_loaded, 120, le, _MB
    ),
    Goal(
        "two workers with a core each, against one, by core time a request",
        "near 2x: at least 1.8x",
        _two_workers,
        1.8,
    ),
    Goal(
        "5 times as many requests as can be answered: p99 of the refused",
        "at once: at most 20 ms",
        _overload(lambda found: found.refused_p99_ms),
        20,
        le,
        "{:.1f} ms",
    ),
    Goal(
        "the same: p99 of the accepted, against 16 clients that wait for one another",
        "kept: at most 1.1x",
        _overload(_kept),
        1.1,
        le,
    ),
    Goal(
        "the same: lost, or answered with another error",
        "none",
        _overload(lambda found: found.lost + found.failed),
        0,
        le,
        "{:.0f}",
    ),
    Goal(
        "the same: memory afterwards, against before",
        "flat: at most 1.1x",
        _overload(lambda found: found.memory_after_mb / found.memory_before_mb),
        1.1,
        le,
    ),
)


def changes(results: Results) -> str:
    """Say for each load how this tree does against the one before.

    Returns:
        A table in Markdown: requests answered a second, milliseconds of a core for one request,
        each before, after, and the median of the rounds' ratios after / before.
    """
    head = ("load", "clients", "per second", "ratio", "core ms", "ratio")
    rows = [
        (
            route.kind,
            str(clients),
            *_change(results.per_second, route.kind, clients, digits=0),
            *_change(results.core_ms, route.kind, clients, digits=4),
        )
        for route in choose([TANDEM])[0].routes
        for clients in route.clients
    ]
    return "\n".join(markdown("<" * len(head), head, rows))


def _change(
    figure: Callable[[str, Kind, int], ByRound], kind: Kind, clients: int, digits: int
) -> tuple[str, str]:
    before, after = (figure(name, kind, clients) for name in (BEFORE, TANDEM))
    if not before or not after:
        return "failed", "-"
    shown = " -> ".join(f"{median(values.values()):,.{digits}f}" for values in (before, after))
    return shown, f"{median(ratio(after, before).values()):.3f}"

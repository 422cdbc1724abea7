"""Which model to ship, and what to ship instead under a limit: all by `decide`, as everywhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from artifact.statistics.comparison import OptionGroup
from artifact.statistics.constraints import Constraints
from artifact.statistics.decision import Choice, Decision, decide

_KIB = 1024


@dataclass(frozen=True)
class Recommendation:
    """What to ship of the models of one data set.

    Attributes:
        limits: Limits that change the pick, each with what to ship under it.
    """

    dataset: str
    decision: Decision
    limits: Sequence[tuple[str, Choice]]


def recommend(group: OptionGroup) -> Recommendation:
    """Decide without constraints, and under every size and time that an option just meets."""
    decision = decide(group.options)
    return Recommendation(group.dataset, decision, list(_limits(group, decision)))


def _limits(group: OptionGroup, decision: Decision) -> Iterator[tuple[str, Choice]]:
    sizes = sorted({option.bytes for option in group.options}, reverse=True)
    times = sorted({option.p50_ms for option in group.options if option.p50_ms}, reverse=True)
    by_size = (
        (f"at most {size / _KIB:,.0f} KiB", Constraints(max_kib=size / _KIB)) for size in sizes
    )
    by_time = ((f"at most {1000 * ms:,.0f} µs a picture", Constraints(max_ms=ms)) for ms in times)
    for limits in (by_size, by_time):
        previous = decision.pick
        for title, constraints in limits:
            pick = decide(group.options, constraints).pick
            if pick is not None and pick != previous:
                yield title, pick
            previous = pick or previous

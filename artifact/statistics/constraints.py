"""What a model must meet to be shipped, and how far the nearest one is from it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Annotated, Final

from pydantic import Field

from artifact.manifest import Part, RuntimeId, Share
from artifact.statistics.option import Option

Positive = Annotated[float, Field(gt=0)]

_KIB: Final = 1024


class Constraints(Part):
    """Limits that the pick must meet; null and empty ask for nothing."""

    min_accuracy: Share | None = Field(None, description="Of all pictures.")
    max_ms: Positive | None = Field(None, description="Median time for one picture.")
    max_kib: Positive | None = Field(None, description="Size of the model file, in KiB.")
    min_recall: dict[str, Share] = Field({}, description="By class: share of its pictures found.")
    runtime: RuntimeId | None = Field(None, description="The only one that can be used.")


class Unmet(Part):
    """One constraint that fails, and the option that comes nearest to it."""

    constraint: str = Field(description="As `max-ms`, or `min-recall sea` for one class.")
    limit: float | RuntimeId
    nearest: str = Field(
        description="Model and runtime: of the options that meet all other constraints, or of all "
        "options where none does."
    )
    value: float | None = Field(description="Its own; null where it is not known.")
    misses_by: float | None = Field(description="Distance to the limit, in the limit's unit.")


@dataclass(frozen=True)
class _Check:
    """One constraint, and what of an option it bounds."""

    name: str
    limit: float | RuntimeId
    value: Callable[[Option], float | None]  # None where it is not known, or another runtime
    at_least: bool = False  # else at most

    def lacks(self, option: Option) -> float:
        """Distance to the limit: 0 or less where the option meets it."""
        own = self.value(option)
        if own is None:
            return inf
        if isinstance(self.limit, str):
            return 0
        return self.limit - own if self.at_least else own - self.limit


def meets(option: Option, constraints: Constraints) -> bool:
    """Whether the option is within every limit."""
    return not _failures(option, _checks(constraints))


def unmet(options: Sequence[Option], constraints: Constraints) -> tuple[Unmet, ...]:
    """Say which constraints fail where no option meets all of them.

    A constraint fails if no option meets it among those that meet the others: to relax it to the
    value of the nearest option is enough. Where no option meets the others either, it fails if no
    option at all meets it. Where every constraint is met by some option, but never all but one of
    them, those fail that the option with the fewest failures does not meet.

    Raises:
        ValueError: A recall is asked of a class that there is not.
    """
    checks = [*_checks(constraints)]
    nearest = {check.name: _nearest(check, options, checks) for check in checks}
    alone = [check for check in checks if check.lacks(nearest[check.name]) > 0]
    if alone:
        return tuple(_describe(check, nearest[check.name]) for check in alone)
    closest = min(options, key=lambda option: len(_failures(option, checks)))
    return tuple(_describe(check, closest) for check in _failures(closest, checks))


def _nearest(check: _Check, options: Sequence[Option], checks: Sequence[_Check]) -> Option:
    others = [other for other in checks if other is not check]
    rest = [option for option in options if not _failures(option, others)]
    return min(rest or options, key=check.lacks)


def _failures(option: Option, checks: Iterable[_Check]) -> list[_Check]:
    return [check for check in checks if check.lacks(option) > 0]


def _describe(check: _Check, nearest: Option) -> Unmet:
    lacking = check.lacks(nearest)
    return Unmet(
        constraint=check.name,
        limit=check.limit,
        nearest=str(nearest),
        value=check.value(nearest),
        misses_by=lacking if lacking < inf else None,
    )


def _checks(asked: Constraints) -> Iterator[_Check]:
    if asked.runtime is not None:
        yield _Check(
            "runtime", asked.runtime, lambda it: 0 if it.runtime == asked.runtime else None
        )
    if asked.min_accuracy is not None:
        yield _Check("min-accuracy", asked.min_accuracy, lambda it: it.accuracy, at_least=True)
    if asked.max_ms is not None:
        yield _Check("max-ms", asked.max_ms, lambda it: it.p50_ms)
    if asked.max_kib is not None:
        yield _Check("max-kib", asked.max_kib, lambda it: it.bytes / _KIB)
    for label, least in asked.min_recall.items():
        yield _Check(f"min-recall {label}", least, partial(_recall, label), at_least=True)


def _recall(label: str, option: Option) -> float:
    if label not in option.recalls:
        raise ValueError(f"there is no class {label!r}; the classes are {', '.join(option.labels)}")
    return option.recalls[label]

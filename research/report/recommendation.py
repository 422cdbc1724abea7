"""Which model to ship, and under which conditions: computed from the comparison."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from artifact.manifest import RuntimeId
from artifact.statistics.comparison import ComparedGroup
from artifact.study import LEVEL

_LEAST: Final = (0.99, 0.995, 0.996, 0.997)  # accuracies that a user may need
_AS_SMALL: Final = 1.01  # times the smallest file: a container's own hundred bytes decide nothing


class Choice(NamedTuple):
    """One model on one runtime."""

    model: str
    runtime: RuntimeId
    accuracy: float
    bytes: int
    p50_ms: float | None


@dataclass(frozen=True)
class Recommendation:
    """What to ship of one group of models.

    Attributes:
        group: Models of the same test images.
        choices: Every model without a finding, on every runtime.
        tied: Models that the test images cannot tell from the most accurate one, itself first.
    """

    group: ComparedGroup
    choices: Sequence[Choice]
    tied: Sequence[str]

    @property
    def as_accurate(self) -> list[Choice]:
        """Choices that are not worse than the most accurate one by more than noise."""
        spoilt = {
            model.model
            for model in self.group.models
            if (beside := model.quantised) and beside.difference < 0 and beside.p_value < LEVEL
        }
        return [
            choice
            for choice in self.choices
            if choice.model in self.tied
            and not (choice.runtime == "onnx-int8" and choice.model in spoilt)
        ]

    @property
    def chosen(self) -> Choice:
        """The fastest of these; the smallest where none is timed."""
        return min(_timed(self.as_accurate) or self.as_accurate, key=_cost)

    @property
    def merit(self) -> str:
        """By which it was chosen."""
        return "fastest" if _timed(self.as_accurate) else "smallest"

    @property
    def hardware(self) -> list[str]:
        """That latencies were recorded on."""
        return sorted({model.hardware or "unknown hardware" for model in self.group.models})

    @property
    def conditions(self) -> Iterator[tuple[str, Choice]]:
        """What a user may need, and the best choice for it."""
        choices, timed = self.choices, _timed(self.choices)
        yield "the highest accuracy", max(choices, key=lambda one: (one.accuracy, -one.bytes))
        yield "that, as far as the test can tell, in the fewest bytes", smallest(self.as_accurate)
        yield "the smallest file", smallest(choices)
        if timed:
            yield "the lowest latency", min(timed, key=_cost)
        for least in _LEAST:
            if enough := [choice for choice in choices if choice.accuracy >= least]:
                yield f"at least {least:.2%}, in the fewest bytes", smallest(enough)
            if enough := [choice for choice in timed if choice.accuracy >= least]:
                yield f"at least {least:.2%}, at the lowest latency", min(enough, key=_cost)


def recommend(group: ComparedGroup) -> Recommendation:
    """Choose among the models of a group; there is no choice where every model has a finding."""
    sound = [model for model in group.models if not model.findings]
    choices = [
        Choice(model.model, row.runtime, row.accuracy, row.bytes, row.p50_ms)
        for model in sound
        for row in model.runtimes
    ]
    if not sound:
        return Recommendation(group, (), ())
    best = sound[0].model
    clear = {
        pair.second for pair in group.pairs if pair.first == best and pair.adjusted_p_value < LEVEL
    }
    return Recommendation(
        group, choices, [model.model for model in sound if model.model not in clear]
    )


def smallest(choices: Sequence[Choice]) -> Choice:
    """The fastest of the files that are as good as the smallest."""
    fewest = min(choice.bytes for choice in choices)
    return min((choice for choice in choices if choice.bytes <= _AS_SMALL * fewest), key=_cost)


def _timed(choices: Sequence[Choice]) -> list[Choice]:
    return [choice for choice in choices if choice.p50_ms is not None]


def _cost(choice: Choice) -> tuple[float, int, float]:
    time = math.inf if choice.p50_ms is None else choice.p50_ms
    return (time, choice.bytes, -choice.accuracy)

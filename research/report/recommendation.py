"""Which model to ship, and under which conditions: computed from the comparison."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from artifact.manifest import RuntimeId
from artifact.statistics.comparison import ComparedGroup
from artifact.study import LEVEL
from research.report.evidence import Evidence
from research.report.words import listed, percent, table

_LEAST: Final = (0.99, 0.995, 0.996, 0.997)  # accuracies that somebody may need
_AS_SMALL: Final = 1.01  # times the smallest file: a container's own hundred bytes decide nothing


@dataclass(frozen=True)
class Choice:
    """One model on one runtime."""

    model: str
    runtime: RuntimeId
    accuracy: float
    bytes: int
    p50_ms: float | None

    def __str__(self) -> str:
        return f"`{self.model}` on `{self.runtime}`"


def recommendation(evidence: Evidence) -> Iterator[str]:
    """A table of conditions for each data set, and the one sentence."""
    yield "## Which model to ship"
    for group in evidence.comparison.groups:
        choices = sound_choices(group)
        if not choices:
            yield f"No model of {group.dataset} is without a finding: ship none of them."
            continue
        yield from _of_group(group, choices)
    if not evidence.comparison.groups:
        yield "No model is published yet."


def sound_choices(group: ComparedGroup) -> list[Choice]:
    """Every model without a finding, on every runtime."""
    return [
        Choice(model.model, row.runtime, row.accuracy, row.bytes, row.p50_ms)
        for model in group.models
        if not model.findings
        for row in model.runtimes
    ]


def tied_with_best(group: ComparedGroup, choices: Sequence[Choice]) -> list[str]:
    """Models that the test images cannot tell from the most accurate one, itself first."""
    best = next(model.model for model in group.models if model.model in {c.model for c in choices})
    clear = {
        pair.second for pair in group.pairs if pair.first == best and pair.adjusted_p_value < LEVEL
    }
    models = dict.fromkeys(choice.model for choice in choices)
    return [best, *(model for model in models if model != best and model not in clear)]


def _of_group(group: ComparedGroup, choices: Sequence[Choice]) -> Iterator[str]:
    tied = tied_with_best(group, choices)
    spoilt = _spoilt(group)
    as_right = [
        choice
        for choice in choices
        if choice.model in tied and (choice.model, choice.runtime) not in spoilt
    ]
    timed = [choice for choice in as_right if choice.p50_ms is not None]
    chosen = min(timed or as_right, key=_cost)
    whose = "these" if len(tied) > 1 else "its runtimes"
    merit = "fastest" if timed else "smallest"
    yield (
        f"**Ship {chosen}** ({_figures(chosen)}) unless a condition below is yours. "
        f"{_tie(group, tied)} and of {whose}, this is the {merit}."
    )
    head = ["if you need", "ship", "right on test", "KiB", "µs a picture"]
    yield table(head, [*_conditions(choices, as_right)], left=2)
    yield (
        "Bytes are of the model file; latency is the recorded median of the model alone, one "
        "picture, one thread, on "
        f"{listed(sorted({model.hardware or 'unknown hardware' for model in group.models}))}. "
        "A published model is one seed of its architecture: over other seeds the order of close "
        "models may change. Files within a hundredth of the smallest count as equally small: the "
        "fastest of them is named."
    )


def _spoilt(group: ComparedGroup) -> set[tuple[str, RuntimeId]]:
    """Quantised files that are worse than their network by more than noise."""
    return {
        (model.model, "onnx-int8")
        for model in group.models
        if (beside := model.quantised) and beside.difference < 0 and beside.p_value < LEVEL
    }


def _tie(group: ComparedGroup, tied: Sequence[str]) -> str:
    best, *others = (f"`{model}`" for model in tied)
    if not others:
        return f"{best} is more accurate than every other model by more than noise,"
    verb = "is" if len(others) == 1 else "are"
    return (
        f"{best} is the most accurate; {listed(others)} {verb} not worse by more than noise on "
        f"{group.test_images:,} images,"
    )


def _conditions(choices: Sequence[Choice], as_right: Sequence[Choice]) -> Iterator[list[str]]:
    """What is asked for, and the best answer to it."""
    yield _row("the highest accuracy", max(choices, key=lambda one: (one.accuracy, -one.bytes)))
    yield _row("that, as far as the test can tell, in the fewest bytes", smallest(as_right))
    yield _row("the smallest file", smallest(choices))
    if timed := [choice for choice in choices if choice.p50_ms is not None]:
        yield _row("the lowest latency", min(timed, key=_cost))
    for least in _LEAST:
        if enough := [choice for choice in choices if choice.accuracy >= least]:
            yield _row(f"at least {percent(least)}, in the fewest bytes", smallest(enough))
        if enough := [choice for choice in timed if choice.accuracy >= least]:
            yield _row(f"at least {percent(least)}, at the lowest latency", min(enough, key=_cost))


def smallest(choices: Sequence[Choice]) -> Choice:
    """The fastest of the files that are as good as the smallest: nobody waits to save bytes."""
    fewest = min(choice.bytes for choice in choices)
    return min((choice for choice in choices if choice.bytes <= _AS_SMALL * fewest), key=_cost)


def _cost(choice: Choice) -> tuple[float, int, float]:
    time = math.inf if choice.p50_ms is None else choice.p50_ms
    return (time, choice.bytes, -choice.accuracy)


def _figures(choice: Choice) -> str:
    time = "" if choice.p50_ms is None else f", {1000 * choice.p50_ms:.0f} µs"
    return f"{percent(choice.accuracy)}, {choice.bytes / 1024:.0f} KiB{time}"


def _row(condition: str, choice: Choice) -> list[str]:
    time = "-" if choice.p50_ms is None else f"{1000 * choice.p50_ms:.0f}"
    return [
        condition,
        str(choice),
        percent(choice.accuracy),
        f"{choice.bytes / 1024:.0f}",
        time,
    ]

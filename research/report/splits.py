"""How far the split alone moves a validation accuracy: what a choice by it can and cannot tell."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Final

from research.report.evidence import Evidence
from research.report.words import counted, signed, table

_FEWEST: Final = 3  # runs of one split: fewer say more of themselves than of their split

Split = tuple[str, int]  # training and validation share, seed


def splits(evidence: Evidence) -> Iterator[str]:
    """By how much each split's validation images are easier than the test images."""
    easier = {
        split: (len(gains), median(gains))
        for split, gains in sorted(_gains(evidence).items())
        if len(gains) >= _FEWEST
    }
    if len(easier) < 2:
        return
    yield "## What the split decides"
    yield (
        "A seed's validation images are the same in every run of its ratio. How much easier they "
        "are than the test images, as the median over these runs (sound heads alone) of "
        "validation accuracy less test accuracy:"
    )
    head = ["training/validation", "seed", "runs", "easier by, in points"]
    rows = [
        [ratio, str(seed), str(count), signed(gain)]
        for (ratio, seed), (count, gain) in easier.items()
    ]
    yield table(head, rows, left=2)
    yield _told([gain for _, gain in easier.values()])


def _gains(evidence: Evidence) -> Mapping[Split, list[float]]:
    gains: dict[Split, list[float]] = defaultdict(list)
    for run in evidence.runs.values():
        if run.head == "linear":
            ratio = round(100 * run.provenance.split.ratio)
            split = (f"{ratio}/{100 - ratio}", run.provenance.seed)
            gains[split].append(run.metrics.validation.accuracy - run.metrics.test.accuracy)
    return gains


def _told(gains: list[float]) -> str:
    return (
        f"Over {counted(len(gains), 'split')} that is {signed(min(gains))} to "
        f"{signed(max(gains))} points. So arms are compared seed by seed, what one seed's "
        "validation images say of a change holds for that seed alone, and the seed that is the "
        "best on validation owes part of it to its split."
    )

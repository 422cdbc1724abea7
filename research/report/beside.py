"""The seed report's test accuracies beside what the same comparison gives here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from matplotlib.figure import Figure

from artifact.study import Summary
from research.report.evidence import Evidence
from research.report.reported import REPORTED
from training.figures.canvas import BLUE, PALE, VERMILION, blank, styled

_GREEN: Final = "#009E73"  # of Okabe and Ito's palette
_STUDIES: Final = ("architectures", "mixes")
_SERIES: Final = {  # suffix of the study: how it is drawn
    "": ("its protocol, soundly done", "o", BLUE),
    "-ours": ("our protocol", "D", _GREEN),
}
_ROW_INCHES: Final = 0.5


@dataclass(frozen=True)
class Row:
    """One network of the report.

    Attributes:
        label: Of the arm.
        reported: Its test accuracy in the report.
        found: What it is here, by the suffix of the study.
    """

    label: str
    reported: float
    found: dict[str, Summary]


def rows(evidence: Evidence) -> Iterator[Row]:
    """Every network of the report that has been studied."""
    for name in _STUDIES:
        for label, figures in REPORTED[name].items():
            found = {
                suffix: arm.test_accuracy
                for suffix in _SERIES
                if (whole := evidence.studies.get(name + suffix)) is not None
                for arm in whole.study.arms
                if arm.label == label
            }
            if found and figures.test is not None:
                yield Row(label, figures.test, found)


@styled
def draw_beside(table: list[Row]) -> Figure:
    """Draw each network's accuracies in a row; a line is the 95% interval over the seeds."""
    figure = blank(1.9 + _ROW_INCHES * len(table), "right on test: the seed report, and here")
    axes = figure.subplots()
    places = range(len(table))
    reported = [100 * row.reported for row in table]
    axes.plot(reported, places, "X", color=VERMILION, markersize=8, label="as reported")
    for suffix, (label, marker, colour) in _SERIES.items():
        drawn = [(y, row.found[suffix]) for y, row in enumerate(table) if suffix in row.found]
        values = [100 * found.mean for _, found in drawn]
        if drawn:
            axes.plot(values, [y for y, _ in drawn], marker, color=colour, label=label)
        for y, found in drawn:
            if found.interval is not None:
                axes.plot([100 * end for end in found.interval], [y, y], color=colour)
    axes.set_yticks(places, [row.label for row in table])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_xlabel("%")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3, frameon=False)
    return figure

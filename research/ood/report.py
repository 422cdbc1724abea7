"""The comparison as a page: a table for each run, and the curves of the best score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artifact.manifest import Separation
from research.documents import render
from research.output import write
from training.config import RunConfig
from training.evaluation.rejection import ACCEPTED
from training.figures.canvas import BLUE, FADED, INK, PALE, VERMILION, blank, png, styled
from training.outliers.writing import LOOK_LIKE_DIGITS

EVERYTHING, PRINTED = "everything", "printed digits"

_STYLES = tuple((colour, line) for line in ("-", "--") for colour in (BLUE, VERMILION, INK))


@styled
def draw_rejection(separations: Mapping[str, Separation]) -> Figure:
    """Draw one panel for each: the share of each kind rejected as the threshold rises."""
    figure = blank(4.2, "Outliers rejected against digits accepted")
    panels = figure.subplots(1, len(separations), sharey=True, squeeze=False)[0]
    for axes, (name, separation) in zip(panels, separations.items(), strict=True):
        _draw_kinds(axes, separation)
        axes.set_title(f"{name}\nAUROC {separation.auroc:.2%}")
    panels[0].set_ylabel("outliers rejected")
    panels[0].legend(frameon=False, fontsize=8)
    return figure


def _draw_kinds(axes: Axes, separation: Separation) -> None:
    rejected_digits = [1 - point.accepted for point in separation.curve]
    for kind, (colour, line) in zip(separation.auroc_by_kind, _STYLES, strict=False):
        rejected = [1 - point.outliers[kind] for point in separation.curve]
        axes.plot(
            rejected_digits, rejected, line, color=colour, marker="o", markersize=3, label=kind
        )
    axes.axvline(0.005, color=FADED, linestyle=":")
    axes.set_xscale("symlog", linthresh=0.001)
    ticks = {0.0: "100%", 0.001: "99.9%", 0.005: "99.5%", 0.02: "98%", 0.1: "90%"}
    axes.set_xticks(list(ticks), list(ticks.values()), minor=False)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.set_xlabel("digits accepted")
    axes.grid(axis="y", color=PALE)


@dataclass(frozen=True)
class ScoreRow:
    """One score on one run, at the threshold that accepts nearly all validation images.

    Attributes:
        rejected: Share of each kind of outlier, of all together, and of printed digits.
    """

    method: str
    separation: Separation  # of test images from outliers
    accepted: float  # share of the test images
    rejected: dict[str, float]


@dataclass(frozen=True)
class RunScores:
    """All scores on one run."""

    run: str
    config: RunConfig  # what it was started with
    accuracy: float  # on the test images
    rows: tuple[ScoreRow, ...]  # one for each score

    @property
    def best(self) -> ScoreRow:
        """The score of the highest AUROC over all outliers."""
        return max(self.rows, key=lambda row: row.separation.auroc)


def write_report(compared: Sequence[RunScores], path: Path) -> None:
    """Write the page, and its figure beside it under the same name."""
    figure = path.with_suffix(".png")
    curves = {f"{one.run}, {one.best.method}": one.best.separation for one in compared}
    write(figure, png(draw_rejection(curves)))
    text = render(
        __package__,
        "rejection.md.j2",
        compared=compared,
        figure=figure.name,
        accepted=ACCEPTED,
        pictures=min(one.best.separation.pictures for one in compared),
        letters=sorted(LOOK_LIKE_DIGITS),
        everything=EVERYTHING,
    )
    write(path, text)

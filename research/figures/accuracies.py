"""How often each model errs, source by source."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research.robustness.report import ExamReport, Score
from training.figures.canvas import BLUE, FADED, INK, VERMILION, blank, styled

_COLOURS = (BLUE, VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")  # Okabe, Ito
_BAR_INCHES = 0.15
_ROW_GAP = 0.4  # of a row's bars


@styled
def draw_accuracies(reports: Mapping[str, ExamReport], title: str) -> Figure:
    """Draw one bar a model for each source: the share of wrong answers, with its 95% interval.

    Args:
        reports: By model, at least one; all of the same exam.
        title: What the pictures are.
    """
    sources = _worst_first(list(reports.values()))
    rows = len(sources) * (len(reports) + _ROW_GAP) * _BAR_INCHES
    means = ", ".join(f"{name} {report.mean_over_sources:.2%}" for name, report in reports.items())
    figure = blank(rows + 1.6, f"{title}\nright, mean over sources: {means}")
    axes = figure.subplots()
    pitch = len(reports) + _ROW_GAP
    for place, (name, report) in enumerate(reports.items()):
        heights = [row * pitch + place for row in range(len(sources))]
        _draw_model(
            axes, _in_order(report, sources), heights, _COLOURS[place % len(_COLOURS)], name
        )
    middle = (len(reports) - 1) / 2
    axes.set_yticks([row * pitch + middle for row in range(len(sources))], sources)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(sources) * pitch - _ROW_GAP / 2, -1)
    axes.set_xlim(left=0)
    axes.set_xlabel("% wrong; the lines are 95% intervals")
    if len(reports) > 1:
        axes.legend(loc="lower right", frameon=False)
    return figure


def _in_order(report: ExamReport, sources: Sequence[str]) -> list[Score]:
    scores = {source.source: source.score for source in report.sources}
    return [scores[source] for source in sources]


def _draw_model(
    axes: Axes, scores: Sequence[Score], heights: Sequence[float], colour: str, name: str
) -> None:
    wrong = [100 * (1 - score.accuracy) for score in scores]
    axes.barh(heights, wrong, 0.9, color=colour, label=name)
    for score, share, y in zip(scores, wrong, heights, strict=True):
        low, high = (100 * (1 - end) for end in reversed(score.interval))
        axes.plot([low, high], [y, y], color=INK, linewidth=0.8)
        axes.text(high, y, f" {share:.1f}", va="center", size=8, color=FADED)


def _worst_first(reports: Sequence[ExamReport]) -> list[str]:
    names = [source.source for source in reports[0].sources]
    accuracy = np.mean([[s.score.accuracy for s in report.sources] for report in reports], axis=0)
    return [names[place] for place in np.argsort(accuracy, kind="stable")]

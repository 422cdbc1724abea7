"""Which class was taken for which."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis, XAxis
from matplotlib.colors import LinearSegmentedColormap, LogNorm, to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray

from artifact.metrics import ClassMetrics, SplitMetrics
from training.figures.canvas import INK, PALE, blank, short, styled

Counts = NDArray[np.int64]

ERRORS = LinearSegmentedColormap.from_list("errors", ["#FDE6D8", "#E8833A", "#7A2D00"])
EMPTY = "#FAFAFA"
SIDE = 540.0  # of the matrix, in points
CHARACTER = 0.65  # width of a character, in type sizes
LARGEST_TYPE = 11.0
LONGEST_LABEL = 24  # characters: more take the matrix' room
MOST_CLASSES = 60  # of more, the names could not be read
SHOWN = 40  # classes of so many
WHITE_TYPE_BELOW = 0.45  # mean of red, green and blue


@styled
def draw_confusion(metrics: SplitMetrics, name: str) -> Figure:
    """The confusion matrix, coloured by the errors alone: the diagonal would drown them.

    Rows are true classes, with their recall at the right; columns are predicted classes, with
    their precision at the top. Of more than 60 classes, those with the most errors are drawn.
    """
    counts = np.array(metrics.confusion_matrix)
    images = int(counts.sum())
    wrong = images - int(counts.trace())
    figure = blank(
        9.4, f"{name}: {wrong:,} of {images:,} test images wrong, {metrics.accuracy:.2%} right"
    )
    axes = figure.subplots()
    shown = _shown(counts)
    seen = counts[np.ix_(shown, shown)]
    colours = _colours(seen)
    axes.imshow(colours)
    _separate(axes, len(seen))
    _write_counts(axes, seen, colours)
    _label_classes(axes, [metrics.per_class[place] for place in shown])
    if len(seen) < len(counts):
        axes.set_xlabel(
            f"predicted label (columns)\n"
            f"the {len(seen)} of {len(counts)} classes with the most errors; others are left out"
        )
    return figure


def _shown(counts: Counts) -> NDArray[np.intp]:
    """Places of the classes that are drawn, in their order."""
    if len(counts) <= MOST_CLASSES:
        return np.arange(len(counts))
    errors = counts - np.diag(np.diag(counts))
    taking_part = errors.sum(axis=0) + errors.sum(axis=1)
    return np.sort(np.argsort(-taking_part, kind="stable")[:SHOWN])


def _colours(counts: Counts) -> NDArray[np.float64]:
    """A colour for each cell, [K, K, 4]: errors by their number, the diagonal neutral."""
    errors = counts - np.diag(np.diag(counts))
    scale = LogNorm(1, max(10, int(errors.max())))
    colours = np.full((*counts.shape, 4), to_rgba(EMPTY))
    colours[np.eye(len(counts), dtype=bool)] = to_rgba(PALE)
    colours[errors > 0] = ERRORS(scale(errors[errors > 0]))
    return colours


def _separate(axes: Axes, classes: int) -> None:
    edges = np.arange(classes + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color="white", linewidth=min(2.0, 20 / classes))
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _write_counts(axes: Axes, counts: Counts, colours: NDArray[np.float64]) -> None:
    on_diagonal = np.eye(len(counts), dtype=bool)
    sizes = [_type_size(counts[cells], len(counts)) for cells in (~on_diagonal, on_diagonal)]
    for row, column in np.argwhere(counts > 0):
        dark = colours[row, column, :3].mean() < WHITE_TYPE_BELOW
        axes.text(
            column,
            row,
            f"{counts[row, column]}",
            ha="center",
            va="center_baseline",
            color="white" if dark else INK,
            size=sizes[int(row == column)],
        )


def _type_size(counts: Counts, classes: int) -> float:
    """The largest type in which the longest of these counts fits its cell."""
    cell = SIDE / classes
    digits = len(str(counts.max()))
    return min(LARGEST_TYPE, 0.7 * cell, 0.9 * cell / (CHARACTER * digits))


def _label_classes(axes: Axes, rows: Sequence[ClassMetrics]) -> None:
    names = [short(row.label, LONGEST_LABEL) for row in rows]
    _label(axes.yaxis, "true label (rows)", names)
    _label(axes.xaxis, "predicted label (columns)", names)
    right, top = axes.secondary_yaxis("right"), axes.secondary_xaxis("top")
    _label(right.yaxis, "recall", [f"{row.recall:.1%}" for row in rows])
    _label(top.xaxis, "precision", [f"{row.precision:.1%}" for row in rows])
    for side in (right, top):
        side.tick_params(length=0)
        side.spines[:].set_visible(False)


def _label(axis: Axis, title: str, names: Sequence[str]) -> None:
    """Name each class; across the page upright, where the longest name is wider than its cell."""
    cell = SIDE / len(names)
    size = min(LARGEST_TYPE, 0.75 * cell)
    longest = max(map(len, names)) * CHARACTER * size
    upright = isinstance(axis, XAxis) and longest > cell
    axis.set_ticks(range(len(names)), names, size=size, rotation=90 if upright else 0)
    axis.set_label_text(title)
    axis.labelpad = 8

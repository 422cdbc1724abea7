"""What accuracy costs, and which differences are more than noise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from artifact.manifest import RuntimeId
from artifact.statistics.comparison import ComparedGroup, ComparedPair, FrontPoint, points_by
from training.figures.canvas import BLUE, FADED, GREEN, INK, PALE, VERMILION, blank, styled

_MARKERS: dict[RuntimeId, tuple[str, str]] = {
    "onnx": ("o", BLUE),
    "onnx-int8": ("s", GREEN),
    "torchscript": ("^", VERMILION),
}
_PANEL_INCHES = 4.0
_PAIR_INCHES = 0.32


@dataclass(frozen=True)
class _Panel:
    """One price of accuracy."""

    title: str
    unit: str  # below the axis
    scale: float  # from what is stored to the unit
    points: Sequence[FrontPoint]  # every model on every runtime
    front: Sequence[FrontPoint]  # those that no other beats


@styled
def draw_comparison(group: ComparedGroup) -> Figure:
    """Draw accuracy against size and latency, with the Pareto front, and each pair's difference."""
    panels = [*_panels(group)]
    pairs = 1.0 + _PAIR_INCHES * len(group.pairs)
    figure = blank(
        0.7 + _PANEL_INCHES + pairs, f"{group.dataset}: what accuracy costs, and what is noise"
    )
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=(_PANEL_INCHES, pairs))[
        :, 0
    ]
    grid = upper.subplots(1, len(panels), sharey=True, squeeze=False)
    for axes, panel in zip(grid[0], panels, strict=True):
        _draw_panel(axes, panel)
    grid[0, 0].set_ylabel("test accuracy, %")
    grid[0, -1].legend(loc="best", frameon=False)
    _draw_pairs(lower.subplots(), group.pairs)
    return figure


def _panels(group: ComparedGroup) -> Iterator[_Panel]:
    sizes = [*points_by(group.models, lambda row: row.bytes)]
    yield _Panel("size of the file", "KiB", 1 / 1024, sizes, group.size_front)
    times = {
        front: [*points_by(group.models, lambda row: row.p50_ms, front.hardware)]
        for front in group.latency_fronts
    }
    if times:
        front = max(times, key=lambda front: len(times[front]))
        title = f"latency of one picture\n{front.hardware}"
        yield _Panel(title, "median µs", 1000, times[front], front.points)


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    axes.set_title(panel.title)
    axes.step(
        [panel.scale * point.cost for point in panel.front],
        [100 * point.accuracy for point in panel.front],
        where="post",
        color=PALE,
        linewidth=5,
        zorder=1,
    )
    for runtime, (marker, colour) in _MARKERS.items():
        points = [point for point in panel.points if point.runtime == runtime]
        axes.plot(
            [panel.scale * point.cost for point in points],
            [100 * point.accuracy for point in points],
            marker,
            color=colour,
            label=runtime,
        )
    for point in panel.front:
        _name(axes, point, panel.scale)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(panel.unit)
    axes.grid(color=PALE, linewidth=0.6)
    axes.margins(x=0.15, y=0.12)


def _name(axes: Axes, point: FrontPoint, scale: float) -> None:
    """Write the model's name beside the point, where its other runtimes' names are not."""
    below = point.runtime == "onnx-int8"
    axes.annotate(
        point.model,
        (scale * point.cost, 100 * point.accuracy),
        (5, -5 if below else 5),
        textcoords="offset points",
        va="top" if below else "bottom",
        size=8,
    )


def _draw_pairs(axes: Axes, pairs: Sequence[ComparedPair]) -> None:
    axes.set_title("difference of each pair on the same images, with its 95% interval")
    axes.axvline(0, color=FADED, linestyle=":")
    for row, pair in enumerate(pairs):
        low, high = (100 * end for end in pair.paired.interval)
        colour = FADED if low <= 0 <= high else INK
        axes.plot([low, high], [row, row], color=colour, linewidth=2)
        axes.plot(100 * pair.paired.difference, row, "o", color=colour)
        axes.text(high, row, f"  p = {pair.paired.p_value:.2g}", va="center", size=8)
    names = [f"{pair.first} − {pair.second}" for pair in pairs]  # noqa: RUF001 - a minus sign
    axes.set_yticks(range(len(pairs)), names)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("percentage points")
    axes.margins(x=0.12)

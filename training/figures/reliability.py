"""Whether the model is right as often as it says it is."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artifact.metrics import Calibration, Reliability
from training.figures.canvas import BLUE, FADED, INK, PALE, VERMILION, blank, styled


@styled
def draw_reliability(calibration: Calibration, name: str) -> Figure:
    """Accuracy against confidence, bin by bin, before and after the temperature.

    The distance from the diagonal is over- or underconfidence; below it, the share of the images
    in each bin, on a logarithmic scale, since nearly all are in the last.
    """
    before, after = calibration.before, calibration.after
    figure = blank(
        6.4,
        f"{name}: calibration error {before.calibration_error:.2%} before the temperature, "
        f"{after.calibration_error:.2%} as served",
    )
    grid = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(3, 1))
    titles = {"before the temperature": before, "as served": after}
    for (upper, lower), (title, reliability) in zip(grid.T, titles.items(), strict=True):
        _draw_accuracy(upper, reliability, title)
        _draw_images(lower, reliability)
    grid[0, 0].set_ylabel("accuracy")
    grid[1, 0].set_ylabel("share of images")
    return figure


def _draw_accuracy(axes: Axes, reliability: Reliability, title: str) -> None:
    axes.set_title(title)
    axes.plot([0, 1], [0, 1], color=FADED, linestyle=":", label="right as often as it says")
    for place in reliability.bins:
        axes.plot([place.confidence] * 2, [place.confidence, place.accuracy], color=VERMILION)
    axes.plot(
        [place.confidence for place in reliability.bins],
        [place.accuracy for place in reliability.bins],
        "o",
        color=BLUE,
        label="images of one range of confidence",
    )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(-0.03, 1.05)
    axes.grid(color=PALE)
    axes.legend(loc="upper left", frameon=False)


def _draw_images(axes: Axes, reliability: Reliability) -> None:
    images = np.array([place.images for place in reliability.bins])
    middles = [(place.low + place.high) / 2 for place in reliability.bins]
    widths = [0.9 * (place.high - place.low) for place in reliability.bins]
    axes.bar(middles, images / images.sum(), widths, color=PALE, edgecolor=FADED, linewidth=0.5)
    for middle, count in zip(middles, images, strict=True):
        axes.text(middle, count / images.sum(), f"{count:,}", ha="center", va="bottom", size=7.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    axes.set_ylim(0.3 / images.sum(), 10)  # one image can be seen; room for the last count
    axes.set_xlabel("confidence")
    axes.tick_params(axis="x", colors=INK)

"""How loss and accuracy went, epoch by epoch."""

from collections.abc import Sequence
from math import ceil, floor, log10

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import NDArray

from artifact.metrics import Epoch
from training.figures.canvas import BLUE, FADED, PALE, VERMILION, blank, styled

Values = NDArray[np.float64]

COARSE_STEPS = (1.0, 2.0, 3.0, 5.0, 7.0)
FINE_STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
FINE_BELOW = 10.0  # the largest value drawn is less than this many times the smallest
LEAST = 1e-8
LARGEST_PERFECT = 0.01
MOST_MARKED_EPOCHS = 30


@styled
def draw_curves(curves: Sequence[Epoch], chosen: int, name: str) -> Figure:
    """Training and validation loss and accuracy by epoch, with the chosen epoch marked.

    The accuracy axis is logarithmic in the error: 99% and 99.5% are as far apart as 90% and 95%.
    """
    accuracy = next(epoch.validation_accuracy for epoch in curves if epoch.epoch == chosen)
    figure = blank(4.2, f"{name}: epoch {chosen} chosen, {accuracy:.2%} validation accuracy")
    left, right = figure.subplots(1, 2)
    _draw_loss(left, curves)
    _draw_accuracy(right, curves)
    for axes in (left, right):
        axes.axvline(chosen, color=FADED, linestyle=":", zorder=1, label="chosen epoch")
    left.legend(frameon=False)
    return figure


def _draw_loss(axes: Axes, curves: Sequence[Epoch]) -> None:
    losses = np.maximum([(epoch.train_loss, epoch.validation_loss) for epoch in curves], LEAST)
    axes.set_title("loss")
    _draw_lines(axes, curves, losses)
    ticks = _ticks(losses)
    axes.set_yticks(ticks, [f"{loss:g}" for loss in ticks])


def _draw_accuracy(axes: Axes, curves: Sequence[Epoch]) -> None:
    errors = 1 - np.array([(epoch.train_accuracy, epoch.validation_accuracy) for epoch in curves])
    perfect = errors[errors > 0].min(initial=LARGEST_PERFECT) / 2
    errors[errors <= 0] = perfect
    axes.set_title("accuracy, on a logarithmic scale of the error")
    _draw_lines(axes, curves, errors)
    axes.invert_yaxis()
    names = {error: f"{100 - 100 * error:g}%" for error in _ticks(errors) if error > perfect}
    if perfect in errors:
        names[perfect] = "100%"
    axes.set_yticks(list(names), list(names.values()))


def _draw_lines(axes: Axes, curves: Sequence[Epoch], values: Values) -> None:
    """Draw values [epochs, 2], of training and validation, on a logarithmic axis."""
    epochs = [epoch.epoch for epoch in curves]
    marker = "o" if len(curves) <= MOST_MARKED_EPOCHS else ""
    train, validation = values.T
    axes.set_yscale("log")
    axes.set_ylim(*_limits(values))
    axes.plot(
        epochs, train, f"{marker}--", color=BLUE, markersize=3, label="training, running mean"
    )
    axes.plot(epochs, validation, f"{marker}-", color=VERMILION, markersize=4, label="validation")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y", color=PALE)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))


def _limits(values: Values) -> tuple[float, float]:
    """A little beyond the values on either side of a logarithmic axis."""
    low, high = float(values.min()), float(values.max())
    margin = max(1.1, (high / low) ** 0.05)
    return low / margin, high * margin


def _ticks(values: Values) -> list[float]:
    """Round numbers within the limits, near enough to each other to read between them."""
    low, high = _limits(values)
    steps = FINE_STEPS if high < low * FINE_BELOW else COARSE_STEPS
    powers = range(floor(log10(low)), ceil(log10(high)))
    ticks = (step * 10.0**power for power in powers for step in steps)
    return [tick for tick in ticks if low <= tick <= high]

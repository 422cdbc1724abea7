"""The pictures of a study."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from artifact.study import Study, StudyArm, StudyFigure
from research.study.summary import Outcomes
from training.figures.canvas import BLUE, FADED, INK, PALE, PALETTE, blank, png, styled

_ARM_INCHES = 0.42


def draw_study(study: Study, outcomes: Mapping[str, Outcomes]) -> dict[StudyFigure, bytes]:
    """Draw every figure of a study, as PNG."""
    figures: dict[StudyFigure, Figure] = {
        "accuracy": draw_accuracy(study, outcomes),
        "curves": draw_curves(study, outcomes),
        "trade": draw_trade(study),
    }
    if any(arm.findings for arm in study.arms):
        figures["confusion"] = draw_confusions(study, outcomes)
    return {role: png(figure) for role, figure in figures.items()}


@styled
def draw_accuracy(study: Study, outcomes: Mapping[str, Outcomes]) -> Figure:
    """Draw each arm's test accuracy: every seed, the mean, and its 95% interval."""
    figure = blank(1.5 + _ARM_INCHES * len(study.arms), f"{study.name}: test accuracy")
    axes = figure.subplots()
    for row, arm in enumerate(study.arms):
        values = [100 * outcome.metrics.test.accuracy for outcome in outcomes[arm.label].values()]
        axes.plot(values, [row] * len(values), "o", color=FADED, markersize=4, alpha=0.7)
        test = arm.test_accuracy
        if test.interval is not None:
            axes.plot([100 * end for end in test.interval], [row, row], color=BLUE, linewidth=2)
        axes.plot(100 * test.mean, row, "D", color=BLUE, markersize=6)
        axes.annotate(
            f"{test.mean:.2%}",
            (100 * test.mean, row),
            (0, 7),
            textcoords="offset points",
            ha="center",
            size=8,
        )
    axes.set_yticks(range(len(study.arms)), [arm.label for arm in study.arms])
    axes.set_ylim(len(study.arms) - 0.4, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_xlabel(
        "test accuracy, %; a point is a seed, a diamond the mean, a line its 95% interval"
    )
    return figure


@styled
def draw_curves(study: Study, outcomes: Mapping[str, Outcomes]) -> Figure:
    """Draw each arm's validation accuracy by epoch: the seeds' mean, and their range."""
    figure = blank(4.2, f"{study.name}: validation accuracy during training")
    axes = figure.subplots()
    for place, arm in enumerate(study.arms):
        runs = [outcome.metrics.curves for outcome in outcomes[arm.label].values()]
        curves = 100 * np.array([[row.validation_accuracy for row in run] for run in runs])
        epochs = np.arange(1, curves.shape[1] + 1)
        colour = PALETTE[place % len(PALETTE)]
        style = "-" if place < len(PALETTE) else "--"
        axes.plot(epochs, curves.mean(axis=0), style, color=colour, label=arm.label, marker=".")
        axes.fill_between(
            epochs, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, linewidth=0
        )
    axes.set_xlabel("epoch; a band from the worst seed to the best")
    axes.set_ylabel("validation accuracy, %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color=PALE, linewidth=0.6)
    axes.legend(loc="lower right", frameon=False)
    return figure


@styled
def draw_trade(study: Study) -> Figure:
    """Draw each arm's test accuracy against what it costs: parameters, and time to train."""
    figure = blank(4.2, f"{study.name}: what accuracy costs")
    left, right = figure.subplots(1, 2, sharey=True)
    _scatter(left, study, [arm.parameters / 1000 for arm in study.arms], "thousand parameters")
    _scatter(right, study, [arm.seconds.mean for arm in study.arms], "seconds of training")
    left.set_ylabel("test accuracy, %")
    return figure


@styled
def draw_confusions(study: Study, outcomes: Mapping[str, Outcomes]) -> Figure:
    """Draw each arm's confusion matrix of the test images, in the first seed with a finding."""
    figure = blank(4.6, f"{study.name}: what the test images were predicted as")
    grid = figure.subplots(1, len(study.arms), squeeze=False)[0]
    for axes, arm in zip(grid, study.arms, strict=True):
        _draw_confusion(axes, arm, outcomes[arm.label])
    grid[0].set_ylabel("true")
    return figure


def _draw_confusion(axes: Axes, arm: StudyArm, outcomes: Outcomes) -> None:
    flawed = [seed for seed, outcome in outcomes.items() if outcome.findings]
    seed = min(flawed or outcomes)
    test = outcomes[seed].metrics.test
    counts = np.array(test.confusion_matrix)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    labels = [row.label for row in test.per_class]
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_title(f"{arm.label}, seed {seed}: {test.accuracy:.2%}")
    axes.set_xlabel("predicted")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.5 else INK
            axes.text(column, row, str(count), ha="center", va="center", size=6, color=colour)


def _scatter(axes: Axes, study: Study, costs: list[float], unit: str) -> None:
    for place, (arm, cost) in enumerate(zip(study.arms, costs, strict=True)):
        colour = PALETTE[place % len(PALETTE)]
        accuracy = 100 * arm.test_accuracy.mean
        axes.plot(cost, accuracy, "o", color=colour)
        axes.annotate(arm.label, (cost, accuracy), (5, 4), textcoords="offset points", size=8)
    axes.set_xlabel(unit)
    axes.set_xlim(0, 1.3 * max(costs))
    axes.grid(color=PALE, linewidth=0.6)
    axes.margins(y=0.15)

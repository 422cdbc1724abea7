"""The pictures of a published model."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn

from artifact.manifest import FigureRole
from artifact.metrics import Examples, Metrics
from training.figures.canvas import png
from training.figures.confusion import draw_confusion
from training.figures.curves import draw_curves
from training.figures.filters import draw_filters
from training.figures.galleries import draw_correct, draw_wrong
from training.figures.reliability import draw_reliability
from training.figures.typefaces import choose_type
from training.networks.filters import describe_filters


@dataclass(frozen=True)
class FigureInputs:
    """What the figures of one model are drawn from."""

    name: str
    network: nn.Module | None  # with the weights that are published; None where it has no filters
    epoch: int  # the chosen one
    metrics: Metrics
    examples: Examples  # of the test images
    pixels: NDArray[np.uint8]  # all test images, uint8 [N, C, H, W]


def draw_figures(inputs: FigureInputs) -> dict[FigureRole, bytes]:
    """Draw every figure of a model, as PNG; class names in any script that is installed."""
    type_ = choose_type([row.label for row in inputs.metrics.test.per_class])
    figures = _draw(inputs if not type_.numbered else _renamed(inputs, type_.names))
    for figure in figures.values():
        type_.use(figure)
    return {role: png(figure) for role, figure in figures.items()}


def _draw(inputs: FigureInputs) -> dict[FigureRole, Figure]:
    name, metrics, examples = inputs.name, inputs.metrics, inputs.examples
    right = int(np.trace(metrics.test.confusion_matrix))
    figures: dict[FigureRole, Figure] = {
        "confusion_matrix": draw_confusion(metrics.test, name),
        "examples_correct": draw_correct(examples.correct, inputs.pixels, right, name),
        "examples_wrong": draw_wrong(examples.wrong, inputs.pixels, name),
    }
    if metrics.curves:
        figures["curves"] = draw_curves(metrics.curves, inputs.epoch, name)
    if inputs.network is not None:
        figures["filters_first"] = _draw_layer(inputs.network, 0, f"{name}: weights of the first")
        figures["filters_last"] = _draw_layer(inputs.network, -1, f"{name}: weights of the last")
    if metrics.calibration is not None:
        figures["reliability"] = draw_reliability(metrics.calibration, name)
    return figures


def _renamed(inputs: FigureInputs, names: Mapping[str, str]) -> FigureInputs:
    """The same with other class names, which the titles say."""
    test = inputs.metrics.test
    per_class = [row.model_copy(update={"label": names[row.label]}) for row in test.per_class]
    test = test.model_copy(update={"per_class": tuple(per_class)})
    correct, wrong = (
        tuple(
            each.model_copy(update={"true": names[each.true], "predicted": names[each.predicted]})
            for each in shown
        )
        for shown in (inputs.examples.correct, inputs.examples.wrong)
    )
    return replace(
        inputs,
        name=f"{inputs.name} (classes by number)",
        metrics=inputs.metrics.model_copy(update={"test": test}),
        examples=Examples(correct=correct, wrong=wrong),
    )


def _draw_layer(network: nn.Module, place: int, whose: str) -> Figure:
    layer = describe_filters(network).layers[place]
    weight = network.get_submodule(layer.name).get_parameter("weight")
    title = f"{whose} convolution, {layer.name}"
    return draw_filters(weight.detach().cpu().float().numpy(), layer.kind, title)

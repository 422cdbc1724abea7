"""The pictures of a published model."""

from dataclasses import dataclass

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
from training.networks.filters import describe_filters


@dataclass(frozen=True)
class FigureInputs:
    """What the figures of one model are drawn from.

    Attributes:
        name: Of the model.
        network: With the weights that are published.
        epoch: The chosen one.
        metrics: Of that network.
        examples: Of the test images.
        pixels: All test images, uint8 [N, C, H, W].
    """

    name: str
    network: nn.Module
    epoch: int
    metrics: Metrics
    examples: Examples
    pixels: NDArray[np.uint8]


def draw_figures(inputs: FigureInputs) -> dict[FigureRole, bytes]:
    """Draw every figure of a model, as PNG."""
    name, metrics, examples = inputs.name, inputs.metrics, inputs.examples
    right = int(np.trace(metrics.test.confusion_matrix))
    figures: dict[FigureRole, Figure] = {
        "curves": draw_curves(metrics.curves, inputs.epoch, name),
        "confusion_matrix": draw_confusion(metrics.test, name),
        "filters_first": _draw_layer(inputs, 0, "first"),
        "filters_last": _draw_layer(inputs, -1, "last"),
        "examples_correct": draw_correct(examples.correct, inputs.pixels, right, name),
        "examples_wrong": draw_wrong(examples.wrong, inputs.pixels, name),
    }
    if metrics.calibration is not None:
        figures["reliability"] = draw_reliability(metrics.calibration, name)
    return {role: png(figure) for role, figure in figures.items()}


def _draw_layer(inputs: FigureInputs, place: int, position: str) -> Figure:
    layer = describe_filters(inputs.network).layers[place]
    weight = inputs.network.get_submodule(layer.name).get_parameter("weight")
    title = f"{inputs.name}: weights of the {position} convolution, {layer.name}"
    return draw_filters(weight.detach().cpu().float().numpy(), layer.kind, title)

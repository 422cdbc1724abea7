"""What a convolution layer has learned."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from artifact.metrics import LayerKind
from training.figures.canvas import BLUE, VERMILION, WIDTH, blank, draw_tiles, styled

Weight = NDArray[np.float32]

DIVERGING = LinearSegmentedColormap.from_list("diverging", [BLUE, "white", VERMILION])
STRENGTH = LinearSegmentedColormap.from_list("strength", ["white", BLUE, "#00263D"])
MOST_KERNELS = 128
STRONGEST = 64
FEW_COLUMNS = 8


@styled
def draw_filters(weight: Weight, kind: LayerKind, title: str) -> Figure:
    """The weights of one layer, as its kind asks, on one scale: blue negative, orange positive.

    A pointwise layer has no spatial picture: a heat map between channels. Of a layer with few
    kernels, every one; of a wide layer, the strongest, and the norm of each.

    Args:
        weight: [output channels, input channels, height, width].
        kind: Of the layer.
        title: Of the figure.
    """
    if kind == "pointwise":
        return _draw_pointwise(weight[:, :, 0, 0], title)
    if weight.shape[0] * weight.shape[1] <= MOST_KERNELS:
        return _draw_every_kernel(weight, kind, title)
    return _draw_strongest_kernels(weight, title)


def _draw_pointwise(weight: Weight, title: str) -> Figure:
    outputs, inputs = weight.shape
    figure = blank(float(np.clip(WIDTH * inputs / outputs, 3.0, 7.0)) + 1.6, title)
    axes = figure.subplots()
    axes.set_title(f"pointwise 1x1: each column is one of {outputs} filters over {inputs} channels")
    colours = _draw_heat_map(axes, weight, DIVERGING, _symmetric(weight))
    _add_scale(figure, axes, colours, "weight")
    return figure


def _draw_every_kernel(weight: Weight, kind: LayerKind, title: str) -> Figure:
    kernels = _kernels(weight)
    columns = FEW_COLUMNS if len(kernels) <= 4 * FEW_COLUMNS else 2 * FEW_COLUMNS
    rows = -(-len(kernels) // columns)
    figure = blank(1.6 + 0.97 * WIDTH * rows / columns, title)
    axes = figure.subplots()
    axes.set_title(f"{kind} {_size(weight)}: all {len(kernels)} kernels")
    _add_scale(figure, axes, _draw_kernels(axes, kernels, columns), "weight")
    return figure


def _draw_strongest_kernels(weight: Weight, title: str) -> Figure:
    norms = np.linalg.norm(weight, axis=(2, 3))
    strongest = np.argsort(-norms, axis=None, kind="stable")[:STRONGEST]
    figure = blank(6.4, title)
    left, right = figure.subplots(1, 2)
    left.set_title(f"standard {_size(weight)}: norm of each of {norms.size:,} kernels")
    shades = _draw_heat_map(left, norms, STRENGTH, Normalize(0, norms.max()))
    _add_scale(figure, left, shades, "norm")
    right.set_title(f"the {STRONGEST} strongest kernels, from the upper left")
    colours = _draw_kernels(right, _kernels(weight)[strongest], FEW_COLUMNS)
    _add_scale(figure, right, colours, "weight")
    return figure


def _draw_heat_map(
    axes: Axes, values: Weight, colours: Colormap, scale: Normalize
) -> ScalarMappable:
    """One cell for each pair of channels: outputs across, inputs down."""
    axes.set_xlabel("output channel")
    axes.set_ylabel("input channel")
    return axes.imshow(values.T, cmap=colours, norm=scale, aspect="auto", interpolation="nearest")


def _draw_kernels(axes: Axes, kernels: Weight, columns: int) -> ScalarMappable:
    scale = _symmetric(kernels)
    draw_tiles(axes, list(kernels), columns, cmap=DIVERGING, norm=scale)
    return ScalarMappable(scale, DIVERGING)


def _add_scale(figure: Figure, axes: Axes, colours: ScalarMappable, meaning: str) -> None:
    bar = figure.colorbar(colours, ax=axes, location="bottom", shrink=0.5, aspect=40, label=meaning)
    bar.outline.set_visible(False)


def _kernels(weight: Weight) -> Weight:
    return weight.reshape(-1, *weight.shape[2:])


def _symmetric(weight: Weight) -> Normalize:
    largest = float(np.abs(weight).max())
    return Normalize(-largest, largest)


def _size(weight: Weight) -> str:
    return f"{weight.shape[2]}x{weight.shape[3]}"

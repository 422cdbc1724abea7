"""The convolution layers of a network: their names, kinds and shapes."""

from torch import nn

from artifact.metrics import FilterFigure, FilterLayer, Filters, LayerKind


def describe_filters(network: nn.Module) -> Filters:
    """Say what each convolution layer is, and which of them are drawn: the first and the last.

    Layers come in the order in which the network was put together.

    Raises:
        ValueError: A layer has groups, but not one for each channel: there is no picture for it.
    """
    layers = {n: part for n, part in network.named_modules() if isinstance(part, nn.Conv2d)}
    figures: dict[int, FilterFigure] = {len(layers) - 1: "filters_last", 0: "filters_first"}
    return Filters(
        layers=tuple(
            _describe(name, layer, figures.get(place))
            for place, (name, layer) in enumerate(layers.items())
        )
    )


def _describe(name: str, layer: nn.Conv2d, figure: FilterFigure | None) -> FilterLayer:
    outputs, inputs, height, width = layer.weight.shape
    shape = (outputs, inputs, height, width)
    return FilterLayer(name=name, kind=_kind(layer), shape=shape, figure=figure)


def _kind(layer: nn.Conv2d) -> LayerKind:
    if layer.groups == 1:
        return "pointwise" if layer.kernel_size == (1, 1) else "standard"
    if layer.groups == layer.in_channels:
        return "depthwise"
    raise ValueError(
        f"a convolution with {layer.groups} groups over {layer.in_channels} channels is not drawn: "
        "accepted are 1 group, or as many as channels"
    )

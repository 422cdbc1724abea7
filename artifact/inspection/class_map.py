"""Which places of a picture spoke for a class, exactly.

Where the last maps pass one pooling and one linear layer, a logit is a sum over the places of the
maps and a bias: Zhou et al., Learning deep features for discriminative localization
(arXiv:1512.04150), section 2, whose pooling is the average; a weighted sum serves as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from artifact.inspection.onnx_graph import Node, OnnxGraph

Floats = NDArray[np.float32]
Shapes = Mapping[str, tuple[int, ...]]

_SAME_NUMBERS: Final = frozenset({"Reshape", "Flatten", "Squeeze", "Identity", "Dropout"})
_SHIFTS: Final = {"Add": 1, "Sub": -1}
_AXES_OF_PLACES: Final = ({2, 3}, {-1, -2})


class NoClassMap(Exception):
    """The logits are no sum over places; the message says why."""


@dataclass(frozen=True, slots=True)
class ClassMap:
    """One class's part of each place."""

    places: Floats  # [H, W]: what each place adds to the logit
    bias: float  # what is added wherever nothing is

    @property
    def total(self) -> float:
        """The logit, before the temperature."""
        return float(self.places.sum(dtype=np.float64)) + self.bias


@dataclass(frozen=True, slots=True)
class Head:
    """From the last maps to the logits.

    Attributes:
        weights: Of the linear layer: [K, C, 1, 1], or [K, C, H, W] where no pooling is before it.
    """

    maps: str  # name of the last maps' value
    weights: Floats
    pooling: Floats  # of each place: [C, H, W], or [C, 1, 1] where all count alike
    bias: Floats  # [K], that of the pooling included

    def class_map(self, maps: Floats, label: int) -> ClassMap:
        """Split one logit of a picture, by its last maps [C, H, W]."""
        places = (self.weights[label] * self.pooling * maps).sum(axis=0)
        return ClassMap(places, float(self.bias[label]))


def find_head(graph: OnnxGraph, shapes: Shapes) -> Head:
    """Find what is behind the last maps.

    Raises:
        NoClassMap: It is more than one pooling and one linear layer.
    """
    value, weight, bias = linear_layer(graph)
    value, shift = _go_back(graph, value)
    bias = bias + shift * weight.sum(axis=1)
    node = graph.maker(value)
    if node is not None and shapes[value][2:] in ((), (1, 1)):
        maps, pooling, pooled_bias = _pooling(graph, node, shapes)
        return Head(maps, weight[..., None, None], pooling, bias + weight @ pooled_bias)
    channels, height, width = shapes[value][1:]
    weights = weight.reshape(-1, channels, height, width)
    return Head(value, weights, np.ones((channels, 1, 1), np.float32), bias)


def linear_layer(graph: OnnxGraph) -> tuple[str, Floats, Floats]:
    """Give the value that the last layer takes, its weight [K, D] and its bias [K].

    Raises:
        NoClassMap: It is no linear layer.
    """
    node = graph.maker(graph.output)
    if node is None or node.operator != "Gemm" or not _is_plain(node):
        operator = "nothing" if node is None else node.operator
        raise NoClassMap(f"the last layer is {operator}, not one linear layer (Gemm)")
    parts = [graph.weights.get(name) for name in node.inputs[1:]]
    weight, *rest = parts
    if weight is None or any(part is None for part in rest):
        raise NoClassMap("the last layer's weights are computed, not stored")
    weight = weight.astype(np.float32)
    weight = weight if node.attributes.get("transB") else weight.T
    bias = np.zeros(len(weight), np.float32) if not rest else np.asarray(rest[0], np.float32)
    return node.inputs[0], weight, bias


def _is_plain(node: Node) -> bool:
    return (node.attributes.get("alpha", 1), node.attributes.get("beta", 1)) == (1, 1)


def _go_back(graph: OnnxGraph, value: str) -> tuple[str, float]:
    """Go back over what changes the shape alone, and over one number that is added to all."""
    shift = 0.0
    node = graph.maker(value)
    while node is not None and (node.operator in _SAME_NUMBERS or _is_shift(graph, node)):
        if node.operator in _SHIFTS:
            shift += _SHIFTS[node.operator] * float(graph.weights[node.inputs[1]].item())
        value = node.inputs[0]
        node = graph.maker(value)
    return value, shift


def _is_shift(graph: OnnxGraph, node: Node) -> bool:
    stored = graph.weights.get(node.inputs[1]) if node.operator in _SHIFTS else None
    return stored is not None and stored.size == 1


def _pooling(graph: OnnxGraph, node: Node, shapes: Shapes) -> tuple[str, Floats, Floats]:
    """Give the last maps, the weight of each place [C, H, W], and what is added to each channel."""
    maps = node.inputs[0]
    channels, *sides = shapes.get(maps, (1, 0))[1:]
    none = np.zeros(channels, np.float32)
    if node.operator == "GlobalAveragePool" or _is_mean_of_places(graph, node):
        return maps, np.full((channels, 1, 1), 1 / np.prod(sides), np.float32), none
    kernel = graph.weights.get(node.inputs[1]) if node.operator == "Conv" else None
    if kernel is not None and kernel.shape == (channels, 1, *sides):
        stored = [graph.weights[name] for name in node.inputs[2:]]
        bias = np.asarray(stored[0], np.float32) if stored else none
        return maps, kernel[:, 0].astype(np.float32), bias
    raise NoClassMap(
        f"between the last maps and the linear layer lies {node.operator}, not one sum over all "
        "places of each map"
    )


def _is_mean_of_places(graph: OnnxGraph, node: Node) -> bool:
    if node.operator != "ReduceMean":
        return False
    stored = graph.weights.get(node.inputs[1]) if len(node.inputs) > 1 else None
    axes = node.attributes.get("axes", ()) if stored is None else stored.tolist()
    return isinstance(axes, tuple | list) and set(axes) in _AXES_OF_PLACES

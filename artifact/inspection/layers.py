"""The layers of a network as a person counts them: an operator and the activation after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

import numpy as np

from artifact.inspection.class_map import Floats, Shapes
from artifact.inspection.onnx_graph import Node, OnnxGraph

LayerKind = Literal["standard", "depthwise", "pointwise", "linear", "pooling", "addition", "other"]

_ACTIVATIONS: Final = frozenset(
    {"Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Relu", "Sigmoid"}
)
_WEIGHTED: Final = frozenset({"Conv", "Gemm", "MatMul"})
_KINDS: Final[dict[str, LayerKind]] = {
    "Add": "addition",
    "AveragePool": "pooling",
    "Gemm": "linear",
    "GlobalAveragePool": "pooling",
    "MatMul": "linear",
    "MaxPool": "pooling",
    "ReduceMean": "pooling",
}


@dataclass(frozen=True, slots=True)
class NetworkLayer:
    """One operator, and the activation that alone takes its value.

    Attributes:
        kind: What it does; `depthwise` has one filter a channel, `pointwise` mixes channels only,
            `standard` does both at once.
    """

    name: str  # of its weights, as the network that was trained knows them; or of the operator
    operator: str  # as ONNX names it
    kind: LayerKind
    activation: str | None  # as ONNX names it; None for none
    value: str  # name of what it computes, after the activation
    names: frozenset[str]  # of its operators and values in the file
    shape: tuple[int, ...]  # of what it computes, for one picture: channels, height, width
    weight: Floats | None  # of a convolution or linear layer; None for others
    parameters: int  # numbers in its weights, as the file has them: normalisation is folded in
    macs: int  # multiply-accumulate operations for one picture


def list_layers(graph: OnnxGraph, shapes: Shapes) -> Iterator[NetworkLayer]:
    """List the layers from input to output."""
    activations: set[str] = set()
    for node in graph.nodes:
        if node.output in activations:
            continue
        activation = _activation(graph, node)
        last = activation or node
        activations.add(last.output)
        stored = [graph.weights[name] for name in node.inputs if name in graph.weights]
        floats = [array.astype(np.float32) for array in stored if array.dtype == np.float32]
        weight = floats[0] if floats and node.operator in _WEIGHTED else None
        names = {each for part in (node, last) for each in (part.name, part.output) if each}
        yield NetworkLayer(
            name=_name(graph, node),
            operator=node.operator,
            kind=_kind(node, weight),
            activation=None if activation is None else activation.operator,
            value=last.output,
            names=frozenset(names),
            shape=shapes[last.output][1:],
            weight=weight,
            parameters=sum(array.size for array in floats),
            macs=_macs(node, weight, shapes[node.output]),
        )


def _activation(graph: OnnxGraph, node: Node) -> Node | None:
    readers = graph.readers(node.output)
    is_followed = len(readers) == 1 and readers[0].operator in _ACTIVATIONS
    return readers[0] if is_followed and node.output != graph.output else None


def _name(graph: OnnxGraph, node: Node) -> str:
    weights = [name for name in node.inputs if name in graph.weights]
    if weights and node.operator in _WEIGHTED:
        return weights[0].removesuffix(".weight")
    return node.name.removeprefix("node_") or node.output


def _kind(node: Node, weight: Floats | None) -> LayerKind:
    if node.operator != "Conv" or weight is None:
        return _KINDS.get(node.operator, "other")
    if node.attributes.get("group", 1) != 1:
        return "depthwise"
    return "pointwise" if prod(weight.shape[2:]) == 1 else "standard"


def _macs(node: Node, weight: Floats | None, shape: tuple[int, ...]) -> int:
    if weight is None:
        return 0
    if node.operator != "Conv":
        return int(weight.size)
    return prod(shape[1:]) * int(weight[0].size)

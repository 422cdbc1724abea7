"""The layers of a network as a person counts them: an operator and the activation after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final, Literal

import numpy as np
from pydantic import Field

from artifact.inspection.class_map import Floats, Shapes
from artifact.inspection.onnx_graph import Node, OnnxGraph
from artifact.manifest import Part

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


class LayerDescription(Part):
    """One operator of the ONNX file, and the activation after it."""

    name: str = Field(description="Of its weights as they were trained, or of the operator.")
    kind: LayerKind = Field(
        description="`depthwise`: one filter a channel; `pointwise`: 1x1, mixes channels only; "
        "`standard`: both at once."
    )
    operator: str = Field(description="As ONNX names it.")
    activation: str | None = Field(description="Likewise; null for none.")
    shape: tuple[int, ...] = Field(
        description="Of what it makes of one picture: channels, height, width."
    )
    weight: tuple[int, ...] | None = Field(
        description="Shape of the filters or the matrix; null where it has none."
    )
    parameters: int = Field(description="In the file: normalisation is folded in.")
    macs: int = Field(description="Multiply-accumulate operations for one picture.")


@dataclass(frozen=True, slots=True)
class NetworkLayer:
    """One operator, and the activation that alone takes its value."""

    told: LayerDescription
    value: str  # name of what it computes, after the activation
    names: frozenset[str]  # of its operators and values in the file
    weight: Floats | None  # of a convolution or linear layer; None for others


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
        told = LayerDescription(
            name=_name(graph, node),
            kind=_kind(node, weight),
            operator=node.operator,
            activation=None if activation is None else activation.operator,
            shape=shapes[last.output][1:],
            weight=None if weight is None else weight.shape,
            parameters=sum(array.size for array in floats),
            macs=_macs(node, weight, shapes[node.output]),
        )
        yield NetworkLayer(told, last.output, frozenset(names), weight)


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

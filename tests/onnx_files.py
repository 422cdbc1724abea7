"""ONNX files of a few nodes, for what a whole training would be too long for."""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str]


def onnx_file(
    nodes: Sequence[onnx.NodeProto],
    source: tuple[str, Shape],
    target: tuple[str, Shape],
    weights: Mapping[str, NDArray[np.float32]] | None = None,
) -> bytes:
    """A checked model of those nodes, with the names and shapes of its input and its output."""
    pixels, logits = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
        for name, shape in (source, target)
    )
    stored = [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()]
    graph = helper.make_graph(nodes, "network", pixels, logits, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())

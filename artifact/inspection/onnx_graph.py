"""A network as its ONNX file tells it: operators and weights.

The package `onnx` reads all of the format and has 30 MB; what is needed of it here are six of its
messages, and protobuf comes with ONNX Runtime. It is imported when the first file is read: a
service that is never asked to look inside does without its 2 MB. Field numbers: onnx/onnx.proto.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from artifact.errors import BrokenArtifact

Array = NDArray[np.float32] | NDArray[np.int64]

# A `*` says that there are several.
_MESSAGES: Final = {
    "ModelProto": {"graph": (7, "GraphProto")},
    "GraphProto": {
        "node": (1, "NodeProto*"),
        "initializer": (5, "TensorProto*"),
        "input": (11, "ValueInfoProto*"),
        "output": (12, "ValueInfoProto*"),
    },
    "NodeProto": {
        "input": (1, "string*"),
        "output": (2, "string*"),
        "name": (3, "string"),
        "op_type": (4, "string"),
        "attribute": (5, "AttributeProto*"),
    },
    "AttributeProto": {
        "name": (1, "string"),
        "f": (2, "float"),
        "i": (3, "int64"),
        "t": (5, "TensorProto"),
        "ints": (8, "int64*"),
    },
    "TensorProto": {
        "dims": (1, "int64*"),
        "data_type": (2, "int32"),
        "float_data": (4, "float*"),
        "int64_data": (7, "int64*"),
        "name": (8, "string"),
        "raw_data": (9, "bytes"),
    },
    "ValueInfoProto": {"name": (1, "string")},
}
_FLOAT, _INT64 = 1, 7  # of TensorProto.DataType


Message = Any  # of protobuf, whose classes are made when the file is first read


@dataclass(frozen=True, slots=True)
class Node:
    """One operator.

    Attributes:
        inputs: Names of values and weights; an optional one that is left out is empty.
        attributes: Whole numbers, lists of them, and fractions, by name.
    """

    operator: str  # as ONNX names it: `Conv`, `Relu`
    name: str  # in the file; may be empty
    inputs: tuple[str, ...]
    output: str  # name of its first value
    attributes: Mapping[str, int | float | tuple[int, ...]]


class OnnxGraph:
    """What a file with one input and one output says.

    Attributes:
        nodes: In the order of execution.
        weights: Float and int64 arrays by name.
        input: Name of the batch.
        output: Name of the logits.
    """

    def __init__(self, model: bytes) -> None:
        """Read a file.

        Raises:
            BrokenArtifact: It is no ONNX file.
        """
        from google.protobuf.message import DecodeError  # noqa: PLC0415 - see above

        self._model = _model_class()()
        try:
            self._model.ParseFromString(model)
            graph = self._model.graph
            self.weights = {
                each.name: _array(each)
                for each in graph.initializer
                if each.data_type in (_FLOAT, _INT64)
            }
            self.nodes = tuple(_node(each) for each in graph.node)
            self.output: str = graph.output[0].name
            names = {each.name for each in graph.initializer}
            [self.input] = [each.name for each in graph.input if each.name not in names]
        except (DecodeError, IndexError, ValueError) as error:
            raise BrokenArtifact("the ONNX file is not understood") from error
        self._makers = {node.output: node for node in self.nodes}

    def maker(self, value: str) -> Node | None:
        """Find the operator that computes a value; None for the input and weights."""
        return self._makers.get(value)

    def readers(self, value: str) -> list[Node]:
        """List the operators that take a value."""
        return [node for node in self.nodes if value in node.inputs]

    def telling(self, values: list[str]) -> bytes:
        """Write the file again, with these values as further outputs."""
        model = type(self._model)()
        model.CopyFrom(self._model)  # with every field that is not read here
        for value in values:
            model.graph.output.add().name = value
        return bytes(model.SerializeToString())


@cache
def _model_class() -> Message:
    """Protobuf's class of `ModelProto`, in a pool of its own beside that of `onnx`."""
    from google.protobuf import (  # noqa: PLC0415 - see above
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    file = descriptor_pb2.FileDescriptorProto(name="tandem/onnx.proto", package="onnx")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            _describe(described.field.add(name=name, number=number), kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("onnx.ModelProto"))


def _describe(field: Message, kind: str) -> None:
    one = kind.rstrip("*")
    field.label = field.LABEL_OPTIONAL if one == kind else field.LABEL_REPEATED
    if one in _MESSAGES:
        field.type, field.type_name = field.TYPE_MESSAGE, f".onnx.{one}"
    else:
        field.type = field.Type.Value(f"TYPE_{one.upper()}")


def _node(node: Message) -> Node:
    return Node(
        operator=node.op_type,
        name=node.name,
        inputs=tuple(node.input),
        output=node.output[0],
        attributes={each.name: _attribute(each) for each in node.attribute},
    )


def _attribute(attribute: Message) -> int | float | tuple[int, ...]:
    if attribute.ints:
        return tuple(attribute.ints)
    value: int | float = attribute.f if attribute.HasField("f") else attribute.i
    return value


def _array(tensor: Message) -> Array:
    kind = np.float32 if tensor.data_type == _FLOAT else np.int64
    listed = tensor.float_data if tensor.data_type == _FLOAT else tensor.int64_data
    flat = np.frombuffer(tensor.raw_data, kind) if tensor.raw_data else np.array(listed, kind)
    array: Array = flat.reshape(tensor.dims)
    return array

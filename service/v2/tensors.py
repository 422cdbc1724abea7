"""Tensors as the protocol has them: what describes one, and its values in JSON and in bytes."""

import struct
from binascii import a2b_base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import isfinite, prod
from typing import Annotated, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.errors import Refused, malformed

Datatype = Literal["FP32", "BOOL", "BYTES"]
Array = NDArray[np.float32] | NDArray[np.bool_]
Values = Array | list[str]

_LENGTH: Final = struct.Struct("<I")
_FLOAT: Final = np.dtype("<f4")
_DATA_URL: Final = "data:"
_BLANKS: Final = b" \t\r\n"
_PIECE: Final = 1 << 20  # characters of base64, which come in fours


@dataclass(slots=True)
class TensorMetadata:
    """What an input or output is."""

    name: str
    datatype: Datatype
    shape: Annotated[
        tuple[int, ...], Field(description="-1: any size; the first one is the batch.")
    ]

    def __str__(self) -> str:
        return f"{self.name!r}: {self.datatype} {list(self.shape)}"


class InputTensor(NamedTuple):
    """An input as a request gives it: in JSON (`data`) or in bytes (`raw`), one of the two."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: object = None
    raw: memoryview | None = None


def read_floats(tensor: InputTensor) -> NDArray[np.float32]:
    """Read an FP32 tensor of the tensor shape; one that came in bytes is used where it lies.

    Bytes are taken for whatever they say, infinities too: perf_analyzer sends random ones.

    Raises:
        Refused: 400, it has other than the shape's elements, or JSON that is no FP32.
    """
    flat = _floats_in_json(tensor) if tensor.raw is None else _floats_in_bytes(tensor, tensor.raw)
    return flat.reshape(tensor.shape)


def read_bytes(tensor: InputTensor) -> list[bytes]:
    """Read the elements of a BYTES tensor, which are base64 in JSON: it has no bytes.

    Only as many are read as the shape has, whose size the caller bounds.

    Raises:
        Refused: 400, it has other than the shape's elements, or one is cut short.
    """
    if tensor.raw is None:
        return [_from_base64(tensor, text) for text in _flat(tensor)]
    return list(_elements(tensor, tensor.raw))


def write_bytes(values: Values) -> bytes:
    """Write values as the binary extension lays them out: row-major, little-endian, unpadded."""
    if isinstance(values, list):
        texts = [text.encode() for text in values]
        return b"".join(chain.from_iterable((_LENGTH.pack(len(text)), text) for text in texts))
    little_endian = values.dtype.newbyteorder("<")
    return values.astype(little_endian, copy=False).tobytes()


def _floats_in_bytes(tensor: InputTensor, raw: memoryview) -> NDArray[np.float32]:
    size = prod(tensor.shape) * _FLOAT.itemsize
    if len(raw) != size:
        shape = list(tensor.shape)
        raise _wrong(tensor, f"has {len(raw)} bytes; shape {shape} of FP32 takes {size}")
    return np.frombuffer(raw, _FLOAT)


def _floats_in_json(tensor: InputTensor) -> NDArray[np.float32]:
    flat = _flat(tensor)
    packed = bytearray(len(flat) * _FLOAT.itemsize)
    try:
        # Strict, unlike numpy: text and null are no numbers. And three times as fast.
        struct.pack_into(f"{len(flat)}f", packed, 0, *flat)
    except struct.error as error:
        raise _wrong(tensor, f"must hold numbers: {error}") from error
    floats = np.frombuffer(packed, np.float32)
    if not all_finite(floats):
        raise _wrong(tensor, "holds numbers that are too large for FP32")
    return floats


def all_finite(values: Array) -> bool:
    """Whether no value is infinite or NaN; a sum of squares nearly always tells at once."""
    return isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


def _flat(tensor: InputTensor) -> list[object]:
    """Flatten `data`, which is flat already or nested as the shape says."""
    values, shape = tensor.data, list(tensor.shape)
    if not isinstance(values, list):
        raise _wrong(tensor, "needs its values: a list `data`, or binary")
    if values and isinstance(values[0], list):
        for size in shape[1:]:
            if not all(isinstance(row, list) and len(row) == size for row in values):
                raise _wrong(tensor, f"must be flat, or nested as its shape {shape} says")
            values = list(chain.from_iterable(values))
    if len(values) != prod(shape):
        raise _wrong(tensor, f"has {len(values)} values; shape {shape} takes {prod(shape)}")
    return values


def _elements(tensor: InputTensor, raw: memoryview) -> Iterator[bytes]:
    count, shape, end = prod(tensor.shape), list(tensor.shape), 0
    for _ in range(count):
        start = end + _LENGTH.size
        if start <= len(raw):
            end = start + _LENGTH.unpack_from(raw, end)[0]
        if max(start, end) > len(raw):
            raise _wrong(
                tensor,
                f"is cut short: shape {shape} takes {count} elements, each its length as a "
                "little-endian uint32, then as many bytes",
            )
        yield bytes(raw[start:end])
    if end != len(raw):
        more = len(raw) - end
        raise _wrong(
            tensor, f"has {more} bytes more than the {count} elements that shape {shape} takes"
        )


def _from_base64(tensor: InputTensor, text: object) -> bytes:
    """Decode base64, which may have line breaks (RFC 2045) or be a data URL (RFC 2397)."""
    try:
        if not isinstance(text, str):
            raise ValueError("each element must be a text")
        return b"".join(_decoded_pieces(_strip_head(text).encode().translate(None, _BLANKS)))
    except ValueError as error:
        why = f"must hold base64 text in JSON, or be sent as binary: {error}"
        raise _wrong(tensor, why) from error


def _strip_head(text: str) -> str:
    if not text.startswith(_DATA_URL):
        return text
    head, comma, data = text.partition(",")
    if not (comma and head.endswith(";base64")):
        raise ValueError(f"a data URL must begin as in {_DATA_URL}image/png;base64,")
    return data


def _decoded_pieces(text: bytes) -> Iterator[bytes]:
    """Decode in pieces: between them, other threads run."""
    if 0 <= text.find(b"=") < len(text) - 2:
        raise ValueError("there is more behind the padding")
    for start in range(0, len(text), _PIECE):
        yield a2b_base64(text[start : start + _PIECE], strict_mode=True)


def _wrong(tensor: InputTensor, why: str) -> Refused:
    return malformed(f"input {tensor.name!r} {why}")

"""The body of a request: its JSON, and the tensors that may follow in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from service.v2.errors import refusal

Fields = Mapping[bytes, bytes]

HEADER_LENGTH: Final = "Inference-Header-Content-Length"
_LENGTH: Final = HEADER_LENGTH.lower().encode()
_ALIGNMENT: Final = 16
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Body:
    """What came.

    Attributes:
        head: The JSON; None for a raw request, which is one tensor and nothing else.
        tensors: What follows it: aligned, so that a tensor can be used where it lies.
    """

    head: bytes | None
    tensors: memoryview


async def read_body(fields: Fields, receive: Receive) -> Body:
    """Read the whole body of a request with those header fields.

    Raises:
        Refused: 400, it is shorter than the length of its JSON that a header gives.
    """
    length = _announced(fields)
    data = bytearray(_padding(length))
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        data += message.get("body", b"")
        more = message.get("more_body", False)
    return _split(memoryview(data)[_padding(length) :], length)


def read_whole(data: bytes, fields: Fields) -> Body:
    """Do as `read_body` with a body that is there."""
    length = _announced(fields)
    if length is None:
        return _split(memoryview(data), length)
    padding = _padding(length)
    return _split(memoryview(bytearray(padding) + data)[padding:], length)


def fields_of(scope: Mapping[str, Any]) -> Fields:
    """Give the header fields of a request by their names in lower case; of several, the first."""
    return dict(reversed(scope["headers"]))


def _announced(fields: Fields) -> int | None:
    if _LENGTH not in fields:
        return None
    text = fields[_LENGTH].decode("latin-1")
    if not (text.isascii() and text.isdecimal()):
        raise refusal(f"{HEADER_LENGTH} must be the JSON's length in bytes, not {text[:100]!r}")
    return int(text[:_MOST_DIGITS])


def _padding(length: int | None) -> int:
    """Count the bytes that have what follows the first `length` bytes lie aligned in memory."""
    return -(length or 0) % _ALIGNMENT


def _split(data: memoryview, length: int | None) -> Body:
    end = len(data) if length is None else length
    if end > len(data):
        raise refusal(f"{HEADER_LENGTH} is {end}, but the body has {len(data)} bytes")
    return Body(None if length == 0 else bytes(data[:end]), data[end:])

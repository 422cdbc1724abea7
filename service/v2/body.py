"""The body of a request: its JSON, and the tensors that may follow in bytes."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from service.errors import malformed

Fields = Mapping[bytes, bytes]

HEADER_LENGTH: Final = "Inference-Header-Content-Length"
_LENGTH: Final = HEADER_LENGTH.lower().encode()
_ALIGNMENT: Final = 16
_MOST_DIGITS: Final = 18


class Body(NamedTuple):
    """What came."""

    head: bytes | None  # the JSON; None for a raw request, which is one tensor and nothing else
    tensors: memoryview  # what follows it: aligned, so that a tensor can be used where it lies


class BodyBuffer:
    """Collects a body so that the tensors behind its JSON lie aligned in memory."""

    def __init__(self, fields: Fields) -> None:
        """Prepare for a request with those header fields.

        Raises:
            Refused: 400, the announced length of the JSON is no number.
        """
        self._length = _announced(fields)
        self._padding = -(self._length or 0) % _ALIGNMENT
        self._data = bytearray(self._padding)

    def add(self, chunk: bytes) -> None:
        """Append what has arrived."""
        self._data += chunk

    def split(self) -> Body:
        """Take apart the body that is there.

        Raises:
            Refused: 400, it is shorter than the length of its JSON that a header gives.
        """
        return _split(memoryview(self._data)[self._padding :], self._length)


def read_whole(data: bytes, fields: Fields) -> Body:
    """Take apart a body that is there.

    Raises:
        Refused: As for `BodyBuffer`.
    """
    if _LENGTH not in fields:
        return _split(memoryview(data), None)
    buffer = BodyBuffer(fields)
    buffer.add(data)
    return buffer.split()


def _announced(fields: Fields) -> int | None:
    if _LENGTH not in fields:
        return None
    text = fields[_LENGTH].decode("latin-1")
    if not (text.isascii() and text.isdecimal()):
        raise malformed(f"{HEADER_LENGTH} must be the JSON's length in bytes, not {text[:100]!r}")
    return int(text[:_MOST_DIGITS])


def _split(data: memoryview, length: int | None) -> Body:
    end = len(data) if length is None else length
    if end > len(data):
        raise malformed(f"{HEADER_LENGTH} is {end}, but the body has {len(data)} bytes")
    return Body(None if length == 0 else bytes(data[:end]), data[end:])

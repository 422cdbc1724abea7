"""The body of a request: its JSON, and the tensors that may follow in bytes."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from service.errors import Refused
from service.v2.errors import refusal

Fields = Mapping[bytes, bytes]

HEADER_LENGTH: Final = "Inference-Header-Content-Length"
_LENGTH: Final = HEADER_LENGTH.lower().encode()
_CONTENT_ENCODING: Final = b"content-encoding"
_ACCEPT_ENCODING: Final = b"accept-encoding"
_ALIGNMENT: Final = 16
_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}  # deflate is zlib's format
_LEAST_COMPRESSED: Final = 1024
_FAST: Final = 1
_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Body:
    """What came, decompressed.

    Attributes:
        head: The JSON; None for a raw request, which is one tensor and nothing else.
        tensors: What follows it: aligned, so that a tensor can be used where it lies.
    """

    head: bytes | None
    tensors: memoryview


class Bodies:
    """Reads bodies of at most so many bytes, counted after decompression."""

    def __init__(self, max_bytes: int, threads: int) -> None:
        self._max_bytes = max_bytes
        self._threads = CapacityLimiter(threads)

    async def read(self, fields: Fields, receive: Receive) -> Body:
        """Read the whole body of a request with those header fields.

        Raises:
            Refused: 400, it is damaged, compressed in an unknown way, or shorter than the
                length of its JSON that a header gives; 413, it has too many bytes.
        """
        length = _announced(fields)
        data = await _gather(receive, length)
        if _CONTENT_ENCODING in fields:
            data = await self._plain(data, fields[_CONTENT_ENCODING].decode("latin-1"), length)
        return _split(data, length)

    async def _plain(self, data: memoryview, encoding: str, length: int | None) -> memoryview:
        if encoding.lower() == "identity":
            return data
        return await to_thread.run_sync(
            self._decompress, data, encoding.lower(), length, limiter=self._threads
        )

    def _decompress(self, data: memoryview, encoding: str, length: int | None) -> memoryview:
        if encoding not in _WINDOW_BITS:
            raise refusal(
                f"Content-Encoding {encoding[:100]!r} is not accepted; accepted: "
                f"{', '.join(_WINDOW_BITS)}"
            )
        stream = zlib.decompressobj(_WINDOW_BITS[encoding])
        try:
            plain = stream.decompress(data, self._max_bytes + 1)
        except zlib.error as error:
            raise refusal(f"the body is no {encoding} data: {error}") from error
        if len(plain) > self._max_bytes:
            raise Refused(
                413, f"the body decompresses to more than the {self._max_bytes} bytes allowed"
            )
        if not stream.eof or stream.unused_data:
            raise refusal(f"the body must be one whole {encoding} stream and nothing else")
        return _aligned([plain], length)


def read_whole(data: bytes, fields: Fields) -> Body | None:
    """Do as `Bodies.read` with a body that is there; None where it is compressed."""
    if _CONTENT_ENCODING in fields:
        return None
    length = _announced(fields)
    return _split(_aligned([data], length), length)


def fields_of(scope: Mapping[str, Any]) -> Fields:
    """Give the header fields of a request by their names in lower case; of several, the first."""
    return dict(reversed(scope["headers"]))


def compress(data: bytes, fields: Fields) -> tuple[bytes, str | None]:
    """Compress an answer that is worth it as the request's fields accept; say how it was done."""
    if len(data) < _LEAST_COMPRESSED or _ACCEPT_ENCODING not in fields:
        return data, None
    encoding = _accepted(fields[_ACCEPT_ENCODING].decode("latin-1"))
    if encoding is None:
        return data, None
    stream = zlib.compressobj(_FAST, wbits=_WINDOW_BITS[encoding])
    return stream.compress(data) + stream.flush(), encoding


def _accepted(offers: str) -> str | None:
    offered = (offer.partition(";") for offer in offers.split(","))
    willing = {name.strip().lower() for name, _, weight in offered if weight.strip() != "q=0"}
    return next((encoding for encoding in _WINDOW_BITS if encoding in willing), None)


def _announced(fields: Fields) -> int | None:
    if _LENGTH not in fields:
        return None
    text = fields[_LENGTH].decode("latin-1")
    if not (text.isascii() and text.isdecimal()):
        raise refusal(f"{HEADER_LENGTH} must be the JSON's length in bytes, not {text[:100]!r}")
    return int(text[:_MOST_DIGITS])


async def _gather(receive: Receive, length: int | None) -> memoryview:
    chunks, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return _aligned(chunks, length)


def _aligned(chunks: Sequence[bytes], length: int | None) -> memoryview:
    """Join chunks so that what follows the first `length` bytes, if any, lies aligned in memory."""
    if length is None and len(chunks) == 1:
        return memoryview(chunks[0])
    padding = -(length or 0) % _ALIGNMENT
    return memoryview(bytearray().join((bytes(padding), *chunks)))[padding:]


def _split(data: memoryview, length: int | None) -> Body:
    end = len(data) if length is None else length
    if end > len(data):
        raise refusal(f"{HEADER_LENGTH} is {end}, but the body has {len(data)} bytes")
    return Body(None if length == 0 else bytes(data[:end]), data[end:])

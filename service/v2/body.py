"""The body of a request: its JSON, and the tensors that may follow in bytes."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import HTTPException, Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from service.v2.errors import refusal

HEADER_LENGTH: Final = "Inference-Header-Content-Length"
_ALIGNMENT: Final = 16
_WINDOW_BITS: Final[Mapping[str, int]] = {"gzip": 31, "deflate": 15}  # deflate is zlib's format
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

    async def read(self, request: Request) -> Body:
        """Read the whole body.

        Raises:
            HTTPException: 400, it is damaged, compressed in an unknown way, or shorter than the
                length of its JSON that a header gives; 413, it has too many bytes.
        """
        length = _announced(request.headers)
        data = await _gather(request, length or 0)
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding != "identity":
            data = await to_thread.run_sync(
                self._decompress, data, encoding, length or 0, limiter=self._threads
            )
        return _split(data, length)

    def _decompress(self, data: memoryview, encoding: str, length: int) -> memoryview:
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
            raise HTTPException(
                413, f"the body decompresses to more than the {self._max_bytes} bytes allowed"
            )
        if not stream.eof or stream.unused_data:
            raise refusal(f"the body must be one whole {encoding} stream and nothing else")
        return _aligned([plain], length)


def compress(data: bytes, headers: Headers) -> tuple[bytes, dict[str, str]]:
    """Compress an answer that is worth it as the request accepts; give the headers that say so."""
    encoding = _accepted(headers)
    if encoding is None or len(data) < _LEAST_COMPRESSED:
        return data, {}
    stream = zlib.compressobj(_FAST, wbits=_WINDOW_BITS[encoding])
    packed = stream.compress(data) + stream.flush()
    return packed, {"Content-Encoding": encoding}


def _accepted(headers: Headers) -> str | None:
    offered = (offer.partition(";") for offer in headers.get("accept-encoding", "").split(","))
    willing = {name.strip().lower() for name, _, weight in offered if weight.strip() != "q=0"}
    return next((encoding for encoding in _WINDOW_BITS if encoding in willing), None)


def _announced(headers: Headers) -> int | None:
    text = headers.get(HEADER_LENGTH)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()):
        raise refusal(f"{HEADER_LENGTH} must be the JSON's length in bytes, not {text[:100]!r}")
    return int(text[:_MOST_DIGITS])


async def _gather(request: Request, length: int) -> memoryview:
    # As `request.stream`, which takes as long as reading most requests.
    chunks, more = [], True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return _aligned(chunks, length)


def _aligned(chunks: Iterable[bytes], length: int) -> memoryview:
    """Join chunks so that what follows the first `length` bytes lies aligned in memory."""
    padding = -length % _ALIGNMENT
    memory = bytearray(padding)
    for chunk in chunks:
        memory += chunk
    return memoryview(memory)[padding:]


def _split(data: memoryview, length: int | None) -> Body:
    end = len(data) if length is None else length
    if end > len(data):
        raise refusal(f"{HEADER_LENGTH} is {end}, but the body has {len(data)} bytes")
    return Body(None if length == 0 else bytes(data[:end]), data[end:])

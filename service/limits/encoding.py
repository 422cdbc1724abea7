"""Compressed bodies, decompressed as they arrive: a little at a time, and no more than allowed."""

import asyncio
import zlib
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Refused

_IDENTITY: Final = "identity"
_WINDOW_BITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # deflate is zlib's format
_ACCEPTED: Final = "gzip, deflate"
_PIECE: Final = 65_536  # bytes: a fraction of a millisecond


def with_decoded_bodies(app: ASGIApp, max_bytes: int) -> ASGIApp:
    """Decompress the bodies of an application's requests, to at most so many bytes."""

    async def decode_and_answer(scope: Scope, receive: Receive, send: Send) -> None:
        encoding = _encoding(scope) if scope["type"] == "http" else _IDENTITY
        if encoding != _IDENTITY:
            receive = _DecodedBody(receive, encoding, max_bytes)
        await app(scope, receive, send)

    return decode_and_answer


class _DecodedBody:
    """The messages of one request's body, decompressed."""

    def __init__(self, receive: Receive, encoding: str, max_bytes: int) -> None:
        self._receive = receive
        self._encoding = encoding
        self._max_bytes = max_bytes
        self._stream = zlib.decompressobj(_WINDOW_BITS.get(encoding, 0))
        self._compressed = b""
        self._more_compressed = True
        self._bytes = 0
        self._is_complete = False

    async def __call__(self) -> Message:
        """Give the next piece of the body.

        Raises:
            Refused: 400, the body is no whole stream of its encoding; 413, it is too large;
                415, the encoding is not accepted.
        """
        if self._is_complete:
            return await self._receive()
        if self._encoding not in _WINDOW_BITS:
            raise Refused(
                415,
                f"Content-Encoding {self._encoding[:100]!r} is not accepted; accepted: {_ACCEPTED}",
                {"Accept-Encoding": _ACCEPTED},
            )
        while not self._compressed and self._more_compressed:
            message = await self._receive()
            if message["type"] != "http.request":
                return message
            self._compressed = message.get("body", b"")
            self._more_compressed = message.get("more_body", False)
        await asyncio.sleep(0)  # others first: a few bytes may hold many such pieces
        return self._next_piece()

    def _next_piece(self) -> Message:
        try:
            piece = self._stream.decompress(self._compressed, _PIECE)
        except zlib.error as error:
            raise Refused(400, f"the body is no {self._encoding} data: {error}") from error
        self._compressed = self._stream.unconsumed_tail
        self._bytes += len(piece)
        if self._bytes > self._max_bytes:
            raise Refused(
                413, f"the body decompresses to more than the {self._max_bytes} bytes allowed"
            )
        self._is_complete = self._has_ended(len(piece))
        return {"type": "http.request", "body": piece, "more_body": not self._is_complete}

    def _has_ended(self, piece: int) -> bool:
        if self._stream.unused_data:
            raise self._refusal()
        if self._compressed or self._more_compressed or piece == _PIECE:
            return False
        if not self._stream.eof:
            raise self._refusal()
        return True

    def _refusal(self) -> Refused:
        return Refused(400, f"the body must be one whole {self._encoding} stream and nothing else")


def _encoding(scope: Scope) -> str:
    declared = [value for name, value in scope["headers"] if name == b"content-encoding"]
    return b", ".join(declared).decode("latin-1").strip().lower() or _IDENTITY

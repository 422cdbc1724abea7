"""An answer on the wire: its JSON, and the outputs that come in bytes behind it."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from service.v2.body import HEADER_LENGTH, Fields
from service.v2.outputs import Output

_JSON: Final = "application/json"
_BINARY: Final = "application/octet-stream"
_ACCEPT_ENCODING: Final = b"accept-encoding"
_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}  # deflate is zlib's format
_LEAST_COMPRESSED: Final = 1024
_FAST: Final = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, and the header fields that say what it is."""

    data: bytes
    fields: dict[str, str]

    def raw_fields(self) -> list[tuple[bytes, bytes]]:
        """Give the fields as ASGI has them."""
        return [(name.lower().encode(), value.encode()) for name, value in self.fields.items()]


def respond(head: dict[str, Any], outputs: Sequence[Output], asked: Fields) -> Answer:
    """Write an answer: `head` and the outputs, compressed as the request's fields accept."""
    document = head | {"outputs": [output.description for output in outputs]}
    text = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    raw = [output.raw for output in outputs if output.raw is not None]
    data, encoding = _compress(b"".join((text, *raw)) if raw else text, asked)
    fields = {"Content-Length": str(len(data)), "Content-Type": _BINARY if raw else _JSON}
    if raw:
        fields[HEADER_LENGTH] = str(len(text))
    if encoding is not None:
        fields["Content-Encoding"] = encoding
    return Answer(data, fields)


def _compress(data: bytes, fields: Fields) -> tuple[bytes, str | None]:
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

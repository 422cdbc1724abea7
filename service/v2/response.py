"""An answer on the wire: its JSON, and the outputs that come in bytes behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from service.v2.body import HEADER_LENGTH, Fields, compress
from service.v2.outputs import Output

_JSON: Final = "application/json"
_BINARY: Final = "application/octet-stream"


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
    data, encoding = compress(b"".join((text, *raw)) if raw else text, asked)
    fields = {"Content-Length": str(len(data)), "Content-Type": _BINARY if raw else _JSON}
    if raw:
        fields[HEADER_LENGTH] = str(len(text))
    if encoding is not None:
        fields["Content-Encoding"] = encoding
    return Answer(data, fields)

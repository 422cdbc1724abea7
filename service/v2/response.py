"""An answer on the wire: its JSON, and the outputs that come in bytes behind it."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import Response
from pydantic_core import to_json
from starlette.datastructures import Headers

from service.v2.body import HEADER_LENGTH, compress
from service.v2.outputs import Output

_JSON: Final = "application/json"
_BINARY: Final = "application/octet-stream"


def respond(head: dict[str, Any], outputs: Sequence[Output], accepts: Headers) -> Response:
    """Write an answer: `head` and the outputs, compressed as the request's headers accept."""
    text = to_json(head | {"outputs": [output.description for output in outputs]})
    raw = [output.raw for output in outputs if output.raw is not None]
    data, encoded = compress(b"".join((text, *raw)), accepts)
    if not raw:
        return Response(data, headers=encoded, media_type=_JSON)
    return Response(data, headers={HEADER_LENGTH: str(len(text)), **encoded}, media_type=_BINARY)

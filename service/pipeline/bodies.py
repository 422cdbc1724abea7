"""Pictures out of a request's body: the body itself, or the files of a form."""

from functools import lru_cache
from typing import Final

from service.errors import InvalidField
from service.pipeline.forms import MULTIPART, Part, parse_form
from vision.errors import UnsupportedType

RAW: Final = "application/octet-stream"


def read_picture(content_type: str | None, body: bytes, field: str) -> bytes:
    """Read the one picture of a request: its file `field`, or the body itself.

    Raises:
        UnsupportedType: The body, or the file, is declared to be something else.
        InvalidField: The form has no such file, or something beside it.
        Refused: The form is malformed or has several files.
    """
    kind, is_picture = _media_type(content_type)
    if is_picture:
        return body
    if kind != MULTIPART:
        raise _unsupported(kind, f"the body (or {MULTIPART} with the file {field!r})")
    [picture] = read_pictures(content_type, body, field, most=1)
    if isinstance(picture, UnsupportedType):
        raise picture
    return picture


def read_pictures(
    content_type: str | None, body: bytes, field: str, most: int
) -> list[bytes | UnsupportedType]:
    """Read every file `field` of a form, in order; one that is declared no picture as its error.

    Raises:
        UnsupportedType: The body is no form.
        InvalidField: The form has no such file, or something beside it.
        Refused: The form is malformed or has more than `most` files.
    """
    if content_type is None or _media_type(content_type)[0] != MULTIPART:
        raise UnsupportedType(f"the body must be {MULTIPART} with at least one file {field!r}")
    parts = parse_form(content_type, body, most)
    if not parts:
        raise InvalidField(("body", field), "missing", "Field required: a picture, as a file")
    return [_picture(part, field) for part in parts]


def _picture(part: Part, field: str) -> bytes | UnsupportedType:
    name, is_file, content_type = part.head
    if name != field:
        message = f"Unexpected field: the file {field!r} is all that is read from the body"
        raise InvalidField(("body", name), "extra_forbidden", message)
    if not is_file:
        message = "Expected a file with a filename, got text"
        raise InvalidField(("body", field), "file_type", message)
    kind, is_picture = _media_type(content_type)
    return part.data if is_picture else _unsupported(kind, f"the file {field!r}")


@lru_cache(maxsize=64)
def _media_type(content_type: str | None) -> tuple[str, bool]:
    """Give the media type that a header declares, and whether it may be a picture's."""
    kind = (content_type or RAW).partition(";")[0].strip().lower() or RAW
    return kind, kind.startswith("image/") or kind == RAW


def _unsupported(kind: str, where: str) -> UnsupportedType:
    return UnsupportedType(
        f"Content-Type {kind[:100]!r} is not accepted for {where}; accepted: image/*, {RAW}"
    )

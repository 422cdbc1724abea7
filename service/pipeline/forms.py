"""A form with files (multipart/form-data, RFC 7578), read out of a body that is there.

Strict: a body that is cut short, or in which a line ends otherwise than by CR LF, is refused. Each
byte is looked at once, and long bodies in pieces, so that no body holds up the other threads.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from python_multipart.multipart import parse_options_header

from service.errors import Refused

MULTIPART: Final = "multipart/form-data"
MAX_FIELDS: Final = 16
_HEAD_BYTES: Final = 4096
_END_OF_LINE: Final = b"\r\n"
_END_OF_HEAD: Final = b"\r\n\r\n"
_BOUNDARY: Final = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_HEADER: Final = re.compile(rb"([0-9A-Za-z!#$%&'*+.^_`|~-]+):[ \t]*([^\r\n\0]*)")
_EPILOGUE_BYTES: Final = 4096  # that may follow the last boundary, and mean nothing
_PIECE_BYTES: Final = 262_144


class PartHead(NamedTuple):
    """The head of one part of a form."""

    name: str
    is_file: bool  # whether it has a file name; it is text otherwise
    content_type: str | None  # as it is declared; None where it is not


class Part(NamedTuple):
    """One part of a form."""

    head: PartHead
    data: bytes


class _Boundary(NamedTuple):
    """A form's boundary, with the line ends and dashes that it has at each place."""

    first: bytes
    between: bytes
    last: bytes
    empty: bytes  # in place of the first, of a form without parts


def parse_form(content_type: str, body: bytes, max_files: int) -> list[Part]:
    """Read every part of a form, in order.

    Raises:
        Refused: 400, it is no such form, or it has too many files or fields.
    """
    boundary = _boundary(content_type)
    between = boundary.between
    start, end = _bounds(body, boundary)
    parts: list[Part] = []
    files = 0
    while start <= end:
        end_of_head = body.find(_END_OF_HEAD, start, min(start + _HEAD_BYTES, end))
        if end_of_head < 0:
            raise _malformed(f"the head of a part has no end within {_HEAD_BYTES} bytes")
        data = end_of_head + len(_END_OF_HEAD)
        following = _find(body, between, data, end)
        head = _parse_head(body[start:end_of_head])
        parts.append(Part(head, body[data:following]))
        files += head.is_file
        if files > max_files:
            raise _too_many("files", max_files)
        if len(parts) - files > MAX_FIELDS:
            raise _too_many("fields", MAX_FIELDS)
        start = following + len(between)
    return parts


@lru_cache(maxsize=64)
def _boundary(content_type: str) -> _Boundary:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise _malformed(f"the Content-Type needs a boundary of 1 to 70 characters for {MULTIPART}")
    line = b"--" + boundary
    return _Boundary(
        line + _END_OF_LINE,
        _END_OF_LINE + line + _END_OF_LINE,
        _END_OF_LINE + line + b"--",
        line + b"--",
    )


def _bounds(body: bytes, boundary: _Boundary) -> tuple[int, int]:
    """Find where the first part begins and the last one ends; a form of no parts ends before."""
    start = 2 * body.startswith(_END_OF_LINE)  # some clients begin with an empty line
    if not body.startswith(boundary.first, start):
        if not body or body.startswith(boundary.empty, start):
            return 0, -1
        raise _malformed("it does not begin with its boundary")
    start += len(boundary.first)
    last = boundary.last
    end = body.rfind(last, max(start, len(body) - len(last) - _EPILOGUE_BYTES))
    if end < 0:
        raise _malformed("it is cut short: its last boundary is missing")
    return start, end


def _find(body: bytes, between: bytes, start: int, end: int) -> int:
    """Find the next boundary, or else the end, in pieces: `bytes.find` lets no other thread run."""
    while start < end:
        found = body.find(between, start, min(start + _PIECE_BYTES + len(between), end))
        if found >= 0:
            return found
        start += _PIECE_BYTES
    return end


@lru_cache(maxsize=64)
def _parse_head(head: bytes) -> PartHead:
    headers: dict[bytes, bytes] = {}
    for line in head.split(_END_OF_LINE):
        match = _HEADER.fullmatch(line)
        if match is None:
            raise _malformed(f"{line[:100].decode('latin-1')!r} is no header of a part")
        headers[match[1].lower()] = match[2].rstrip()
    _, options = parse_options_header(headers.get(b"content-disposition"))
    if b"name" not in options:
        raise _malformed("every part needs a Content-Disposition with a name")
    declared = headers.get(b"content-type")
    return PartHead(
        name=options[b"name"].decode("utf-8", "replace"),
        is_file=b"filename" in options,
        content_type=None if declared is None else declared.decode("latin-1"),
    )


def _malformed(problem: str) -> Refused:
    return Refused(400, f"the form is no well-formed multipart: {problem}")


def _too_many(kind: str, most: int) -> Refused:
    return Refused(400, f"Too many {kind}. Maximum number of {kind} is {most}.")

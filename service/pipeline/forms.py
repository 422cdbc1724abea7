"""The common form: one file and nothing else. Everything else is left to the form parser.

What is read here is read as the parser would read it: the delimiter stands at the beginning, right
behind the file, and nowhere else; the file's headers are only those that clients write.
"""

import re
from functools import lru_cache
from typing import Final

_TYPE: Final = re.compile(rb"multipart/form-data; *boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})")
_HEADERS: Final = re.compile(
    rb'(?i:Content-Disposition): form-data; name="([0-9A-Za-z_]{1,40})"; '
    rb'filename="[^"\\\r\n\0;]{1,200}"'
    rb"(?:\r\n(?i:Content-Type): (?:image/[0-9a-z.+-]{1,60}|application/octet-stream))?\r\n\r\n"
)


@lru_cache(maxsize=64)
def delimiter(content_type: bytes) -> bytes | None:
    """Find what stands between the parts of a form; None where the header is not the plain one."""
    match = _TYPE.fullmatch(content_type)
    return b"--" + match[1] if match else None


def read_single_file(body: bytes, between: bytes, field: str) -> bytes | None:
    """Read the one file `field` of a form; None where the form is not a plain one."""
    start = len(between) + 2
    if not (body.startswith(between) and body[start - 2 : start] == b"\r\n"):
        return None
    headers = _HEADERS.match(body, start)
    if headers is None or headers[1] != field.encode():
        return None
    end = body.find(b"\r\n" + between, headers.end())
    if end < 0 or body[end + 2 + len(between) :] not in (b"--\r\n", b"--"):
        return None
    return body[headers.end() : end]

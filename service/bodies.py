"""Reads request bodies: bounded in bytes, parts and time, and never spilt to a disk."""

import asyncio
from collections.abc import Mapping
from typing import Final

from fastapi import HTTPException, Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artifact.errors import UnsupportedType
from service.errors import invalid

MULTIPART: Final = "multipart/form-data"
RAW: Final = "application/octet-stream"
_MOST_FIELDS: Final = 16
# The rest of a refused body is not worth reading: the connection ends with the answer.
_CLOSE: Final[Mapping[str, str]] = {"Connection": "close"}


class BodyLimit:
    """ASGI middleware that stops reading a body which is too large or too slow."""

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            receive = _LimitedReceive(scope, receive, self._max_bytes, self._seconds)
        await self._app(scope, receive, send)


class _LimitedReceive:
    """Hands on the messages of one request's body until a limit is passed."""

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int, seconds: float) -> None:
        announced = Headers(scope=scope).get("content-length", "")
        self._announced = int(announced) if announced.isdecimal() else 0
        self._receive = receive
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._deadline: float | None = None
        self._bytes = 0
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:  # what comes next is that the client left, some day
            return await self._receive()
        self._check(self._announced)
        message = await self._in_time()
        self._bytes += len(message.get("body", b""))
        self._check(self._bytes)
        self._complete = not message.get("more_body", False)
        return message

    def _check(self, count: int) -> None:
        if count > self._max_bytes:
            raise HTTPException(
                413, f"the request's body has more than the {self._max_bytes} bytes allowed", _CLOSE
            )

    async def _in_time(self) -> Message:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(
                408, f"the request's body did not arrive within {self._seconds:g} s", _CLOSE
            ) from None


async def read_picture(request: Request, field: str) -> bytes:
    """Read the one picture of a request: its file `field`, or the body itself.

    Raises:
        UnsupportedType: The body, or the file, is declared to be something else.
        RequestValidationError: The form has no such file, or something beside it.
        HTTPException: The form is malformed or has several files.
    """
    if _media_type(request.headers) == MULTIPART:
        [picture] = await read_pictures(request, field, most=1)
        if isinstance(picture, UnsupportedType):
            raise picture
        return picture
    refusal = _refuse_type(request.headers, f"the body (or {MULTIPART} with the file {field!r})")
    if refusal:
        raise refusal
    return await request.body()


async def read_pictures(request: Request, field: str, most: int) -> list[bytes | UnsupportedType]:
    """Read every file `field` of a form, in order; one that is declared no picture as its error.

    Raises:
        UnsupportedType: The body is no form.
        RequestValidationError: The form has no such file, or something beside it.
        HTTPException: The form is malformed or has more than `most` files.
    """
    if _media_type(request.headers) != MULTIPART:
        raise UnsupportedType(f"the body must be {MULTIPART} with at least one file {field!r}")
    form = await _parse_form(request, most)
    try:
        return [
            _refuse_type(upload.headers, f"the file {field!r}") or await upload.read()
            for upload in _files(form, field)
        ]
    finally:
        await form.close()


class _MemoryParser(MultiPartParser):
    spool_max_size = 0  # no limit: the body has one, and there may be no disk to write to


async def _parse_form(request: Request, most_files: int) -> FormData:
    parser = _MemoryParser(
        request.headers, request.stream(), max_files=most_files, max_fields=_MOST_FIELDS
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, error.message) from error


def _files(form: FormData, field: str) -> list[UploadFile]:
    uploads: list[UploadFile] = []
    for name, value in form.multi_items():
        if name != field:
            message = f"Unexpected field: the file {field!r} is all that is read from the body"
            raise invalid(("body", name), "extra_forbidden", message)
        if isinstance(value, str):
            raise invalid(("body", field), "file_type", "Expected a file with a filename, got text")
        uploads.append(value)
    if not uploads:
        raise invalid(("body", field), "missing", "Field required: a picture, as a file")
    return uploads


def _media_type(headers: Headers) -> str:
    return headers.get("content-type", RAW).partition(";")[0].strip().lower() or RAW


def _refuse_type(headers: Headers, where: str) -> UnsupportedType | None:
    declared = _media_type(headers)
    if declared.startswith("image/") or declared == RAW:
        return None
    return UnsupportedType(
        f"Content-Type {declared[:100]!r} is not accepted for {where}; accepted: image/*, {RAW}"
    )

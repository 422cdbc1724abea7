"""Reads pictures out of request bodies, which are bounded in parts and never spilt to a disk."""

from typing import Final

from fastapi import Request
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.errors import InvalidField, Refused
from vision.errors import UnsupportedType

MULTIPART: Final = "multipart/form-data"
RAW: Final = "application/octet-stream"
_MOST_FIELDS: Final = 16


async def read_picture(request: Request, field: str) -> bytes:
    """Read the one picture of a request: its file `field`, or the body itself.

    Raises:
        UnsupportedType: The body, or the file, is declared to be something else.
        InvalidField: The form has no such file, or something beside it.
        Refused: The form is malformed or has several files.
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
        InvalidField: The form has no such file, or something beside it.
        Refused: The form is malformed or has more than `most` files.
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
        raise Refused(400, error.message) from error


def _files(form: FormData, field: str) -> list[UploadFile]:
    uploads: list[UploadFile] = []
    for name, value in form.multi_items():
        if name != field:
            message = f"Unexpected field: the file {field!r} is all that is read from the body"
            raise InvalidField(("body", name), "extra_forbidden", message)
        if isinstance(value, str):
            raise InvalidField(
                ("body", field), "file_type", "Expected a file with a filename, got text"
            )
        uploads.append(value)
    if not uploads:
        raise InvalidField(("body", field), "missing", "Field required: a picture, as a file")
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

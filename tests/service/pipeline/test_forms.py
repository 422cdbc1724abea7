"""Forms as real clients write them, and as nobody should."""

import time

import pytest

from service.errors import InvalidField, Refused
from service.pipeline.bodies import read_picture, read_pictures
from service.pipeline.forms import parse_form
from vision.errors import UnsupportedType

DISPOSITION = b'Content-Disposition: form-data; name="image"; filename="a.png"'
PNG = b"\r\nContent-Type: image/png"
# As recorded from each client, but for the file: a boundary, then what precedes the file.
CLIENTS = {
    "curl": (
        "multipart/form-data; boundary=------------------------pOmhFlzTfFLQbQoNBpAWKo",
        DISPOSITION.replace(b"a.png", b"seven.png") + PNG,
    ),
    "httpx": (
        "multipart/form-data; boundary=7a1f3a5e7f0f2f1c9cbbd67f0d8f3f7a",
        DISPOSITION + PNG,
    ),
    "requests, without a type": (
        "multipart/form-data; boundary=0c6e0f4fbbd3d5c1a2e1f0a4d9b7c6e5",
        DISPOSITION,
    ),
    "Chromium": (
        "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW0",
        DISPOSITION.replace(b"a.png", "Stück (1).png".encode()) + PNG,
    ),
    "Firefox": (
        "multipart/form-data; boundary=----geckoformboundary8e5c5fd4a0c0d5e",
        DISPOSITION.replace(b"a.png", b"a%22b.png") + PNG,
    ),
    "Go": (
        "multipart/form-data; boundary="
        "5c0f2b6b3fd6bb0a5b2d1f3c4e5a69788796a5b4c3d2e1f0a9b8c7d6e5f4",
        DISPOSITION + b"\r\nContent-Type: application/octet-stream",
    ),
    "Java, Apache HttpClient": (
        "multipart/form-data; charset=ISO-8859-1; boundary=jF8Rw_v0kZ-cSx7m2b1hQ",
        DISPOSITION + PNG + b"\r\nContent-Transfer-Encoding: binary",
    ),
    "Java, OkHttp": (
        "multipart/form-data; boundary=1e7f6b9c-3b8a-4f0e-9d57-2b6d1f1a5c11",
        DISPOSITION + PNG + b"\r\nContent-Length: 4",
    ),
    "Node, undici": (
        "multipart/form-data; boundary=----formdata-undici-0286346571",
        DISPOSITION + PNG,
    ),
    "a quoted boundary": (
        'multipart/form-data; boundary="a b=c"',
        b"content-disposition:form-data;name=image;filename=a.png",
    ),
}
FORM = "multipart/form-data; boundary=edge"
PART = b"--edge\r\n" + DISPOSITION + b"\r\n\r\nfile\r\n"


def body_of(boundary: bytes, head: bytes, data: bytes) -> bytes:
    delimiter = b"--" + boundary
    return b"\r\n".join([delimiter, head, b"", data, delimiter + b"--", b""])


@pytest.mark.parametrize(("content_type", "head"), CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize(
    "data", [b"file", b"", b"\r\n", b"--", b"\r\n\r\n--ed", bytes(300_000)], ids=len
)
def test_form_of_a_client_is_read(content_type: str, head: bytes, data: bytes) -> None:
    boundary = content_type.partition("boundary=")[2].strip('"').encode()
    assert read_picture(content_type, body_of(boundary, head, data), "image") == data


def test_files_and_fields_come_in_their_order() -> None:
    field = b'--edge\r\nContent-Disposition: form-data; name="kind"\r\n\r\ntext\r\n'
    parts = parse_form(FORM, PART + field + PART + b"--edge--\r\n", max_files=2)
    assert [(part.head.name, part.head.is_file, part.data) for part in parts] == [
        ("image", True, b"file"),
        ("kind", False, b"text"),
        ("image", True, b"file"),
    ]


MALFORMED = {
    "cut short": PART,
    "cut in the file": PART[:-8],
    "cut in the head": PART[:40],
    "lines that end in LF": (PART + b"--edge--\r\n").replace(b"\r\n", b"\n"),
    "text before the first boundary": b"hello\r\n" + PART + b"--edge--\r\n",
    "another boundary": PART.replace(b"edge", b"else") + b"--else--\r\n",
    "a folded header": PART.replace(b"; filename", b";\r\n filename") + b"--edge--\r\n",
    "a header without a colon": PART.replace(b"Disposition: ", b"Disposition ") + b"--edge--\r\n",
    "a space before the colon": PART.replace(b"Disposition:", b"Disposition :") + b"--edge--\r\n",
    "a zero in a header": PART.replace(b"a.png", b"a\0.png") + b"--edge--\r\n",
    "a part without a name": PART.replace(b'name="image"; ', b"") + b"--edge--\r\n",
    "a part without a head": b"--edge\r\n\r\nfile\r\n--edge--\r\n",
    "an endless head": PART.replace(b"a.png", b"a" * 5000) + b"--edge--\r\n",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_form_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="multipart") as refused:
        read_picture(FORM, body, "image")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"{FORM}{'e' * 70}", f"{FORM}\x00"],
)
def test_form_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(Refused, match="boundary"):
        read_picture(content_type, PART + b"--edge--", "image")


def test_form_without_a_file_is_told_which_is_missing() -> None:
    for body in (b"", b"--edge--\r\n"):
        with pytest.raises(InvalidField, match="required"):
            read_pictures(FORM, body, "images", most=4)


def test_file_that_is_declared_no_picture_is_refused_alone() -> None:
    text = PART.replace(b"\r\n\r\n", b"\r\nContent-Type: text/plain\r\n\r\n")
    refused, read = read_pictures(FORM, text + PART + b"--edge--", "image", most=2)
    assert isinstance(refused, UnsupportedType)
    assert read == b"file"


@pytest.mark.parametrize("filler", [b"e", b"-", b"\r\n--", b"\r\n--edg", b"\r\n--edgf"])
def test_no_body_takes_long(filler: bytes) -> None:
    data = (filler * (2_000_000 // len(filler)))[:-1] + b"."
    body = body_of(b"edge", DISPOSITION, data)
    start = time.process_time()
    assert read_picture(FORM, body, "image") == data
    assert time.process_time() - start < 0.5

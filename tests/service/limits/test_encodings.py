"""Compressed bodies: the same answer as for plain ones on every route, and bounds that hold."""

import gzip
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.known_answer import picture
from tests.service.v2.server import Served

GOOD = picture("top-left")
LARGE = picture("top-left", side=400)
ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "GZip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
}


def form(field: str, *pictures: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="{field}"; filename="a.png"\r\n\r\n'.encode()
    parts = (b"--edge\r\n" + head + data + b"\r\n" for data in pictures)
    return b"".join(parts) + b"--edge--\r\n"


FORM = "multipart/form-data; boundary=edge"
REQUESTS = {
    "picture": ("/predict", "image/png", GOOD),
    "large-picture": ("/predict", "image/png", LARGE),
    "form": ("/predict", FORM, form("image", GOOD)),
    "batch": ("/predict/batch", FORM, form("images", GOOD, LARGE, GOOD)),
    "comparison": ("/compare", "application/octet-stream", GOOD),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("path", "declared", "body"), REQUESTS.values(), ids=REQUESTS)
def test_compressed_body_is_answered_as_the_plain_one(
    served: Served, path: str, declared: str, body: bytes, encoding: str
) -> None:
    plain = served.post(path, body, {"Content-Type": declared})
    headers = {"Content-Type": declared, "Content-Encoding": encoding}
    answer = served.post(path, ENCODINGS[encoding](body), headers)
    assert answer.status_code == plain.status_code == 200, answer.text
    assert answer.content == plain.content


def test_body_that_arrives_byte_by_byte_is_decompressed(served: Served) -> None:
    compressed = gzip.compress(GOOD)
    pieces = (compressed[i : i + 1] for i in range(len(compressed)))
    answer = served.post("/predict", pieces, {"Content-Encoding": "gzip"})
    assert answer.json()["label"] == "top-left"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, br", "x" * 300])
@pytest.mark.parametrize("path", ["/predict", "/predict/batch", "/compare"])
def test_unknown_encoding_is_named_with_those_that_are_accepted(
    client: TestClient, path: str, encoding: str
) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": encoding}
    answer = client.post(path, content=GOOD, headers=headers)
    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"
    assert f"{encoding[:100]!r} is not accepted; accepted: gzip, deflate" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("gzip", GOOD, "no gzip data"),
        ("deflate", GOOD, "no deflate data"),
        ("gzip", gzip.compress(GOOD)[:-1], "one whole gzip stream"),
        ("gzip", gzip.compress(GOOD) + b"more", "one whole gzip stream and nothing else"),
        ("gzip", b"", "one whole gzip stream"),
    ],
    ids=["no-gzip", "no-zlib", "cut", "more-behind", "nothing"],
)
def test_damaged_encoding_is_refused(
    client: TestClient, encoding: str, body: bytes, why: str
) -> None:
    answer = client.post("/predict", content=body, headers={"Content-Encoding": encoding})
    assert answer.status_code == 400
    assert why in answer.json()["detail"]


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_bomb_is_refused_soon(client: TestClient, compress: Any) -> None:
    bomb = compress(bytes(10**8))
    encoding = "gzip" if compress is gzip.compress else "deflate"
    start = time.perf_counter()
    answer = client.post("/predict", content=bomb, headers={"Content-Encoding": encoding})
    assert answer.status_code == 413
    assert "more than the 300000 bytes allowed" in answer.json()["detail"]
    assert time.perf_counter() - start < 10


def test_encoding_of_no_body_is_of_no_interest(client: TestClient) -> None:
    assert client.get("/models", headers={"Content-Encoding": "br"}).status_code == 200

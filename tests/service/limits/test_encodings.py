"""Compressed bodies: the same answer as for plain ones on every route, and bounds that hold."""

import gzip
import time
import zlib
from collections.abc import Callable

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.known_answer import picture
from tests.service.server.heavy_requests import file_form
from tests.service.v2.asking import INFER
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


FORM = "multipart/form-data; boundary=edge"
REQUESTS = {
    "picture": ("/predict", "image/png", GOOD),
    "large-picture": ("/predict", "image/png", LARGE),
    "form": ("/predict", FORM, file_form("image", GOOD)),
    "batch": ("/predict/batch", FORM, file_form("images", GOOD, LARGE, GOOD)),
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
@pytest.mark.parametrize(
    ("path", "status"),
    [("/predict", 415), ("/predict/batch", 415), ("/compare", 415), (INFER, 400)],
)
def test_unknown_encoding_is_named_with_those_that_are_accepted(
    client: TestClient, path: str, status: int, encoding: str
) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": encoding}
    answer = client.post(path, content=GOOD, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"
    assert f"{encoding[:100]!r} is not accepted; accepted: gzip, deflate" in why(answer)


@pytest.mark.parametrize("path", ["/predict", INFER])
@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [
        ("gzip", GOOD, "no gzip data"),
        ("deflate", GOOD, "no deflate data"),
        ("gzip", gzip.compress(GOOD)[:-1], "one whole gzip stream"),
        ("gzip", gzip.compress(GOOD) + b"more", "one whole gzip stream and nothing else"),
        ("deflate", zlib.compress(GOOD)[:-1], "one whole deflate stream"),
        ("gzip", b"", "one whole gzip stream"),
    ],
    ids=["no-gzip", "no-zlib", "cut", "more-behind", "cut-zlib", "nothing"],
)
def test_damaged_encoding_is_refused(
    client: TestClient, path: str, encoding: str, body: bytes, said: str
) -> None:
    answer = client.post(path, content=body, headers={"Content-Encoding": encoding})
    assert answer.status_code == 400
    assert said in why(answer)


@pytest.mark.parametrize("path", ["/predict", INFER])
@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bomb_is_refused_soon(client: TestClient, path: str, encoding: str) -> None:
    bomb = ENCODINGS[encoding](bytes(10**8))
    start = time.perf_counter()
    answer = client.post(path, content=bomb, headers={"Content-Encoding": encoding})
    assert answer.status_code == 413
    assert "more than the 300000 bytes allowed" in why(answer)
    assert time.perf_counter() - start < 10


def why(answer: httpx.Response) -> str:
    [said] = answer.json().values()  # `detail`, or under /v2 `error`
    return str(said)


def test_encoding_of_no_body_is_of_no_interest(client: TestClient) -> None:
    assert client.get("/models", headers={"Content-Encoding": "br"}).status_code == 200

"""Bodies: the length of their JSON, and what is too large."""

import json
import struct

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from tritonclient.http import InferenceServerClient
from tritonclient.utils import InferenceServerException

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.service.v2.asking import INFER, LENGTH, TENSOR, ask, binary, post, refused
from tests.service.v2.tensors import image_input, pictures


@pytest.mark.parametrize(
    ("length", "why"),
    [
        ("-1", "must be the JSON's length in bytes, not '-1'"),
        ("", "must be the JSON's length"),
        ("ten", "must be the JSON's length"),
        ("1e2", "must be the JSON's length"),
        ("99999", "is 99999, but the body has"),
        ("9" * 5000, "but the body has"),
        ("5", "no JSON"),
    ],
    ids=["negative", "empty", "text", "float", "above-the-body", "huge", "too-short"],
)
def test_wrong_length_of_the_json_is_refused(client: TestClient, length: str, why: str) -> None:
    assert why in refused(post(client, ask(binary()), TENSOR, {LENGTH: length}))


@pytest.mark.parametrize("size", [1, 255, 257], ids=["short", "cut", "long"])
def test_raw_request_of_no_whole_batch_is_refused(client: TestClient, size: int) -> None:
    response = client.post(INFER, content=bytes(size), headers={LENGTH: "0"})
    assert f"a multiple of 256 bytes, not {size}" in refused(response)


def test_raw_request_of_nothing_is_refused(client: TestClient) -> None:
    response = client.post(INFER, content=b"", headers={LENGTH: "0"})
    assert "batch of 0" in refused(response)


def test_body_over_the_limit_is_too_large(client: TestClient) -> None:
    response = client.post(INFER, content=bytes(300_001))
    assert "more than the 300000 bytes allowed" in refused(response, 413)


@pytest.mark.parametrize(
    "filler", [b"0,", b"[],", b"{},", b"[[[0]]],"], ids=["numbers", "lists", "objects", "nested"]
)
def test_json_of_more_values_than_a_batch_takes_is_too_large(
    client: TestClient, filler: bytes
) -> None:
    text = b'{"inputs": [' + filler * (290_000 // len(filler)) + b"0]}"
    assert "more than 26384 values" in refused(post(client, text), 413)


def test_json_of_more_keys_than_a_request_has_is_too_large(client: TestClient) -> None:
    text = b'{"parameters": {' + b'"a": 0,' * 20_000 + b'"a": 0}}'
    assert "more than 10000 keys" in refused(post(client, text), 413)


def test_json_of_more_bytes_than_are_parsed_is_too_large(settings: Settings) -> None:
    changed = settings.model_copy(update={"max_json_bytes": 2000, "runtimes": ("onnx",)})
    with TestClient(create_app(changed)) as client:
        assert post(client, ask(binary()), TENSOR).status_code == 200
        assert post(client, ask(binary()) | {"id": "a" * 1000}, TENSOR).status_code == 200
        text = json.dumps(ask(binary())).encode()
        long = post(client, text + b" " * 2000, TENSOR)
        assert "at most 2000 are accepted; send large tensors as binary" in refused(long, 413)


@pytest.mark.parametrize("path", ["/v2/repository/index", "/v2/repository/models/known/load"])
def test_large_body_of_a_route_that_takes_parameters_is_too_large(
    settings: Settings, path: str
) -> None:
    changed = settings.model_copy(update={"admin_token": SecretStr("t"), "runtimes": ("onnx",)})
    with TestClient(create_app(changed)) as client:
        given = {"content": b" " * 65_537, "headers": {"Authorization": "Bearer t"}}
        assert "at most 65536" in refused(client.post(path, **given), 413)


def test_picture_over_the_limit_is_too_large(client: TestClient) -> None:
    element = picture("top-left") + bytes(200_000)
    tensors = struct.pack("<I", len(element)) + element
    given = binary(len(tensors), name="image", shape=[1], datatype="BYTES")
    assert "at most 200,000 are accepted" in refused(post(client, ask(given), tensors), 413)


def test_refused_picture_of_several_is_named(triton: InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="picture 1 of 'image': ") as caught:
        triton.infer("known", [image_input(pictures("top-left")[0], b"\x89PNG\r\n\x1a\nbroken")])
    assert caught.value.status() == "400"

"""Requests by hand, for what the real client never sends."""

import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import httpx
import numpy as np
from fastapi.testclient import TestClient

from tests.known_answer import LABELS, picture
from tests.service.v2.tensors import quarters

INFER = "/v2/models/known/infer"
LENGTH = "Inference-Header-Content-Length"
ZEROS = [0.0] * 64
TENSOR = quarters("top-left").tobytes()
NOT_FINITE = np.full((1, 1, 8, 8), np.inf, np.float32).tobytes()
Request = tuple[str, dict[str, Any]]  # its path, and what httpx takes


def tensor(**changes: Any) -> dict[str, Any]:
    return {"name": "pixels", "shape": [1, 1, 8, 8], "datatype": "FP32", "data": ZEROS} | changes


def binary(size: int = len(TENSOR), **changes: Any) -> dict[str, Any]:
    given = tensor(parameters={"binary_data_size": size}) | changes
    del given["data"]
    return given


def image(*data: Any, **changes: Any) -> dict[str, Any]:
    given = {"name": "image", "shape": [len(data), 1], "datatype": "BYTES", "data": list(data)}
    return given | changes


def ask(*inputs: Any, **more: Any) -> dict[str, Any]:
    return {"inputs": list(inputs), **more}


def request(
    document: Any,
    tensors: bytes = b"",
    path: str = INFER,
    headers: Mapping[str, str] | None = None,
) -> Request:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    length = {LENGTH: str(len(text))} if tensors else {}
    return path, {"content": text + tensors, "headers": {**length, **(headers or {})}}


def post(
    client: TestClient,
    document: Any,
    tensors: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    path, given = request(document, tensors, headers=headers)
    response: httpx.Response = client.post(path, **given)
    return response


def refused(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["error"]
    why: str = body["error"]
    return why


def json_of(*labels: str, **more: Any) -> dict[str, Any]:
    values = quarters(*labels)
    return ask(tensor(shape=list(values.shape), data=values.ravel().tolist()), **more)


# By whether the fast path answers them.
ANSWERED: dict[str, Request] = {
    "a picture": request(ask(image(b64encode(picture("top-left")).decode()))),
    "json": request(json_of("top-left")),
    "json, several pictures": request(json_of("top-left", "bottom-right", id="7")),
    "json, nested": request(ask(tensor(data=quarters("top-right").tolist()))),
    "bytes": request(ask(binary()), TENSOR),
    "bytes, both ways": request(ask(binary(), parameters={"binary_data_output": True}), TENSOR),
    "bytes alone": (INFER, {"content": TENSOR, "headers": {LENGTH: "0"}}),
    "of a version": request(json_of("top-left"), path="/v2/models/known/versions/1/infer"),
    "of another model": request(json_of("top-left"), path="/v2/models/contrary/infer"),
    "outputs": request(json_of("top-left", outputs=[{"name": "probabilities"}, {"name": "label"}])),
    "classes": request(
        json_of("top-left", outputs=[{"name": "logits", "parameters": {"classification": 2}}])
    ),
    "more pictures than a batch": request(json_of(*LABELS * 9)),
    "compressed answer": request(
        json_of(*LABELS * 8, outputs=[{"name": "logits"}, {"name": "probabilities"}]),
        headers={"Accept-Encoding": "gzip"},
    ),
}
LEFT: dict[str, Request] = {
    "no pictures": request(ask(image())),
    "compressed": request(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}),
    "no such model": request(json_of("top-left"), path="/v2/models/none/infer"),
    "no such version": request(json_of("top-left"), path="/v2/models/known/versions/9/infer"),
    "no such runtime": request(json_of("top-left", parameters={"runtime": "tensorrt"})),
    "no such output": request(json_of("top-left", outputs=[{"name": "x"}])),
    "no json": request(b"{"),
    "too few values": request(ask(tensor(data=[0.0]))),
    "not finite, in json": request(ask(binary()), NOT_FINITE),
    "no path to infer": request(json_of("top-left"), path="/v2/models/known/config"),
}

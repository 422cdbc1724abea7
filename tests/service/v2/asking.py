"""Requests by hand, for what the real client never sends."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi.testclient import TestClient

from tests.service.v2.tensors import quarters

INFER = "/v2/models/known/infer"
LENGTH = "Inference-Header-Content-Length"
ZEROS = [0.0] * 64
TENSOR = quarters("top-left").tobytes()


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


def post(
    client: TestClient,
    document: Any,
    tensors: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    length = {LENGTH: str(len(text))} if tensors else {}
    response: httpx.Response = client.post(
        INFER, content=text + tensors, headers={**length, **(headers or {})}
    )
    return response


def refused(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["error"]
    why: str = body["error"]
    return why

"""Methods: HEAD is GET without a body, and a refusal names what a path takes."""

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.service.api.conftest import Schema, operations
from tests.service.v2.server import Served


def test_head_is_answered_as_get_without_the_body(client: TestClient, schema: Schema) -> None:
    documented = [path for path, _ in operations(schema, "get")]
    for path in (*documented, "/openapi.json", "/docs", "/nowhere"):
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code, path
        assert head.headers["content-type"] == got.headers["content-type"], path
        assert head.content == b""
        if path != "/metrics":  # which changes with every request
            assert head.headers["content-length"] == got.headers["content-length"], path


@pytest.mark.parametrize("path", ["/health/live", "/models", "/models/known/curves.png", "/docs"])
def test_head_on_a_socket_leaves_the_connection_in_order(served: Served, path: str) -> None:
    with httpx.Client(base_url=served.url) as client:
        assert client.head(path).status_code == 200
        assert client.get("/health/live").json() == {"live": True}


def test_head_is_counted_under_its_own_name_and_route(client: TestClient) -> None:
    client.head("/models/known")
    counted = 'tandem_http_requests_total{method="HEAD",route="/models/{name}",status="200"}'
    assert counted in client.get("/metrics").text


def test_head_is_not_documented(schema: Schema) -> None:
    assert not list(operations(schema, "head"))


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/benchmark", "GET, HEAD, POST"),
        ("OPTIONS", "/predict", "POST"),
        ("HEAD", "/predict", "POST"),
        ("DELETE", "/models/known", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("POST", "/docs/assets/nothing.js", "GET, HEAD"),
        ("GET", "/v2/models/known/infer", "POST"),
        ("PATCH", "/v2/trace/setting", "GET, HEAD, POST"),
        ("PUT", "/v2", "GET, HEAD"),
    ],
)
def test_refused_method_is_told_which_are_accepted(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed
    if method != "HEAD":
        key = "error" if path.startswith("/v2") else "detail"
        assert answer.json() == {key: f"{method} is not accepted here; accepted: {allowed}"}

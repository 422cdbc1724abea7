"""Pages of other origins: none by default, and those that the setting names on every answer."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.service.v2.server import Served, serving

HERE = "http://localhost:3000"
ALLOWED = "Access-Control-Allow-Origin"
PREFLIGHT = {"Origin": HERE, "Access-Control-Request-Method": "POST"}
GOOD = picture("top-left")


@pytest.fixture(scope="module")
def open_settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={"cors_origins": (HERE, "https://example.org"), "runtimes": ("onnx",)}
    )


@pytest.fixture(scope="module")
def browser(open_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(open_settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def open_service(open_settings: Settings) -> Iterator[Served]:
    with serving(open_settings) as served:
        yield served


def test_no_origin_is_allowed_by_default(client: TestClient) -> None:
    answer = client.post("/predict", content=GOOD, headers={"Origin": HERE})
    assert answer.status_code == 200
    assert ALLOWED not in answer.headers
    assert client.options("/predict", headers=PREFLIGHT).status_code == 405


@pytest.mark.parametrize("path", ["/predict", "/v2/models/known/infer", "/models", "/nowhere"])
def test_preflight_of_an_allowed_origin_is_answered(browser: TestClient, path: str) -> None:
    asked = PREFLIGHT | {"Access-Control-Request-Headers": "content-type,authorization"}
    answer = browser.options(path, headers=asked)
    assert answer.status_code == 200
    assert answer.headers[ALLOWED] == HERE
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_preflight_of_another_origin_is_refused(browser: TestClient) -> None:
    answer = browser.options("/predict", headers=PREFLIGHT | {"Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert ALLOWED not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/predict", GOOD, 200),
        ("POST", "/predict", b"no picture", 415),
        ("POST", "/predict", bytes(300_001), 413),
        ("POST", "/v2/models/known/infer", b"{}", 400),
        ("GET", "/models", b"", 200),
        ("HEAD", "/health/ready", b"", 200),
        ("GET", "/nowhere", b"", 404),
        ("GET", "/" + "a" * 5000, b"", 414),
        ("PUT", "/predict", b"", 405),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_every_answer_tells_an_allowed_origin_so(
    open_service: Served, method: str, path: str, content: bytes, status: int
) -> None:
    def ask(origin: str) -> httpx.Response:
        url = open_service.url + path
        return httpx.request(method, url, content=content, headers={"Origin": origin}, timeout=30)

    answer = ask(HERE)
    assert answer.status_code == status
    assert answer.headers[ALLOWED] == HERE
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    other = ask("https://evil.example")
    assert other.status_code == status
    assert ALLOWED not in other.headers


def test_request_without_an_origin_is_answered_as_ever(open_service: Served) -> None:
    answer = open_service.post("/predict", GOOD)
    assert answer.status_code == 200
    assert ALLOWED not in answer.headers


def test_star_allows_every_origin(settings: Settings) -> None:
    changed = settings.model_copy(update={"cors_origins": ("*",), "runtimes": ("onnx",)})
    with TestClient(create_app(changed)) as client:
        assert client.get("/models", headers={"Origin": HERE}).headers[ALLOWED] == "*"

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture


@pytest.mark.parametrize(
    "sent",
    ["a", "7f1c0e0a-6d7c-4c8a-9f6e-0c1d2e3f4a5b", "Root=1-67891233-abcdef", "a" * 128, "x:y/z+w@v"],
)
def test_well_formed_id_comes_back(client: TestClient, sent: str) -> None:
    answer = client.get("/health/live", headers={"X-Request-ID": sent})
    assert answer.headers.get_list("x-request-id") == [sent]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"a" * 129,
        b"a b",
        b'a"b',
        b"a\tb",
        b"<b>",
        b"a;b",
        b"\xff",
        b"a%0ab",
        b"{}",
        b"a\x1b[31m",
    ],
)
def test_any_other_id_is_replaced(client: TestClient, sent: bytes) -> None:
    answer = client.get("/health/live", headers={b"X-Request-ID": sent})
    [given] = answer.headers.get_list("x-request-id")
    assert given.encode() != sent
    assert 18 <= len(given) <= 40


def test_ids_differ_between_requests_and_apps(settings: Settings) -> None:
    clients = [TestClient(create_app(settings)) for _ in range(2)]
    ids = {client.get("/health/live").headers["x-request-id"] for client in clients * 3}
    assert len(ids) == 6


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no/such/path", 404),
        ("POST", "/predict", 400),
        ("GET", "/predict", 405),
        ("GET", "/models/none", 404),
        ("GET", "/docs", 200),
    ],
)
def test_every_answer_has_an_id(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-request-id"]


def test_failure_of_the_service_has_an_id_and_is_counted(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    client = TestClient(app, raise_server_exceptions=False)
    assert client.get("/broken").headers["x-request-id"]
    assert 'tandem_errors_total{kind="unexpected"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/predict", b"text", "unsupported-type"),
        ("/predict", picture("top-left")[:60], "undecodable"),
        ("/predict", bytes(300_001), "too-large"),
        ("/predict?model=none", picture("top-left"), "unknown-model"),
        ("/predict?modle=known", picture("top-left"), "invalid"),
        ("/none", b"", "not-found"),
        ("/models", b"", "method-not-allowed"),
    ],
)
def test_refusal_is_counted_by_its_reason(
    settings: Settings, path: str, body: bytes, kind: str
) -> None:
    with TestClient(create_app(settings.model_copy(update={"runtimes": ("onnx",)}))) as client:
        assert client.post(path, content=body).status_code >= 400
        metrics = client.get("/metrics").text
    assert f'tandem_errors_total{{kind="{kind}"}} 1.0' in metrics
    assert metrics.count("tandem_errors_total{") == 1


def test_request_before_the_models_are_loaded_is_not_ready(settings: Settings) -> None:
    client = TestClient(create_app(settings))
    assert client.post("/predict", content=picture("top-left")).status_code == 503
    assert 'tandem_errors_total{kind="not-ready"} 1.0' in client.get("/metrics").text


def test_refused_picture_of_a_batch_is_counted(settings: Settings) -> None:
    contents = (picture("top-left"), b"text")
    images = [("images", ("a.png", content, "image/png")) for content in contents]
    with TestClient(create_app(settings.model_copy(update={"runtimes": ("onnx",)}))) as client:
        assert client.post("/predict/batch", files=images).status_code == 200
        metrics = client.get("/metrics").text
    assert 'tandem_errors_total{kind="unsupported-type"} 1.0' in metrics

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture, publish_known_answer


@pytest.mark.parametrize("path", ["/health/ready", "/models", "/models/known/metrics"])
def test_nothing_is_ready_before_the_models_are_loaded(settings: Settings, path: str) -> None:
    response = TestClient(create_app(settings)).get(path)  # not entered: it does not start up
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    assert "loading" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/health/live", "/metrics", "/docs", "/openapi.json"])
def test_process_answers_before_the_models_are_loaded(settings: Settings, path: str) -> None:
    assert TestClient(create_app(settings)).get(path).status_code == 200


def test_ready_says_what_is_loaded(client: TestClient) -> None:
    assert client.get("/health/ready").json() == {
        "ready": True,
        "models": ["contrary/1", "known/2", "known/1"],
        "runtimes": ["onnx", "torchscript"],
        "missing_runtimes": {},
        "broken": {},
    }


def test_service_that_drains_is_not_ready_and_still_answers(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"runtimes": ("onnx",)}))
    with TestClient(app) as client:
        app.state.service.draining = True
        ready = client.get("/health/ready")
        predicted = client.post("/predict", content=picture("top-left"))
        live = client.get("/health/live")
    assert (ready.status_code, predicted.status_code, live.status_code) == (503, 200, 200)
    assert "shutting down" in ready.json()["detail"]
    assert "retry-after" in ready.headers


@pytest.fixture
def fresh(tmp_path: Path) -> TestClient:
    publish_known_answer(tmp_path, runtimes=("onnx",))
    return TestClient(create_app(Settings(models_dir=tmp_path)))


def test_metrics_count_requests_by_route_and_predictions_by_model(fresh: TestClient) -> None:
    with fresh as client:
        client.post("/predict", content=picture("top-left"))
        client.post("/predict", content=b"text")
        images = [("images", ("a.png", picture("top-left"), "image/png"))] * 3
        client.post("/predict/batch", files=images)
        client.get("/models/known")
        lines = client.get("/metrics").text.splitlines()
    for line in (
        'tandem_http_requests_total{method="POST",route="/predict",status="200"} 1.0',
        'tandem_http_requests_total{method="POST",route="/predict",status="415"} 1.0',
        'tandem_http_requests_total{method="GET",route="/models/{name}",status="200"} 1.0',
        'tandem_http_request_seconds_count{route="/predict/batch"} 1.0',
        'tandem_predictions_total{model="known",runtime="onnx",version="1"} 4.0',
        'tandem_inference_seconds_count{model="known",runtime="onnx",version="1"} 2.0',
        'tandem_picture_seconds_count{stage="decode"} 4.0',
        'tandem_picture_seconds_count{stage="preprocess"} 4.0',
        "tandem_http_requests_in_flight 1.0",
    ):
        assert line in lines


def test_metrics_show_no_raw_path(fresh: TestClient) -> None:
    with fresh as client:
        client.get("/models/secret-name")
        client.get("/no/such/path")
        client.request("BREW", "/predict")
        text = client.get("/metrics").text
    assert "secret-name" not in text
    assert "/no/such/path" not in text
    assert "BREW" not in text
    assert 'method="GET",route="unmatched",status="404"' in text
    assert 'method="other",route="/predict",status="405"' in text


def test_apps_do_not_add_up(settings: Settings) -> None:
    first, second = (TestClient(create_app(settings)) for _ in range(2))
    first.get("/health/live")
    assert 'route="/health/live"' in first.get("/metrics").text
    assert 'route="/health/live"' not in second.get("/metrics").text

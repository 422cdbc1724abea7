import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.observability.logs import configure_logging
from service.settings import Settings
from tests.known_answer import picture

HOSTILE = "\r\n2026-01-01 INFO service: all is well\x1b[2J\x00\u2028\u0085"


@contextmanager
def configured(settings: Settings, worker: int | None = None) -> Iterator[None]:
    """Log as the service does, with what pytest put there out of the way."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        configure_logging(settings, worker)
        yield
    finally:
        root.handlers[:] = kept
        root.setLevel(level)


@pytest.fixture
def logging_settings(settings: Settings) -> Settings:
    wanted = {"runtimes": ("onnx",), "access_log": True, "log_format": "json"}
    return settings.model_copy(update=wanted)


def requests(written: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in written.splitlines()]
    return [line for line in lines if line["logger"] == "service.access"]


def test_request_is_one_json_line(
    logging_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(logging_settings), TestClient(create_app(logging_settings)) as client:
        sent = picture("top-left")
        answer = client.post("/predict", content=sent, headers={"X-Request-ID": "mine"})
    [line] = requests(capsys.readouterr().err)
    assert line.pop("time").endswith("+00:00")
    assert 0 < line.pop("ms") < 10_000
    assert line == {
        "level": "info",
        "logger": "service.access",
        "message": "POST /predict 200",
        "method": "POST",
        "route": "/predict",
        "status": 200,
        "id": "mine",
        "received": len(sent),
        "sent": len(answer.content),
        "model": "known",
        "version": 2,
        "runtime": "onnx",
        "batch": 1,
    }


def test_refusal_says_its_reason(
    logging_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(logging_settings), TestClient(create_app(logging_settings)) as client:
        client.post("/predict", content=b"text")
    [line] = requests(capsys.readouterr().err)
    assert (line["status"], line["refused"]) == (415, "unsupported-type")


def test_line_tells_nothing_private(
    logging_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(logging_settings), TestClient(create_app(logging_settings)) as client:
        files = {"image": ("secret-name.png", picture("top-left"), "image/png")}
        client.post("/predict?model=secret-model", files=files)
        client.get("/secret-path?secret=query", headers={"Authorization": "Bearer secret-token"})
    lines = [line for line in capsys.readouterr().err.splitlines() if "httpx" not in line]
    assert len(requests("\n".join(lines))) == 2
    assert not [line for line in lines if "secret" in line]


def test_no_request_is_logged_unless_asked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with configured(settings):
        TestClient(create_app(settings)).get("/health/live").raise_for_status()
    assert "service.access" not in capsys.readouterr().err


def test_text_line_has_the_same_fields(
    logging_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = logging_settings.model_copy(update={"log_format": "text"})
    with configured(plain, worker=3):
        TestClient(create_app(plain)).get("/health/live", headers={"X-Request-ID": "mine"})
    [line] = [line for line in capsys.readouterr().err.splitlines() if "service.access" in line]
    assert " INFO worker 3 service.access: GET /health/live 200 id=mine ms=" in line


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_a_client_sends_stays_on_its_line(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    with configured(Settings.model_validate({"log_format": log_format})):
        logging.getLogger("service.any").warning("a client sent %s", HOSTILE)
    written = capsys.readouterr().err
    assert written.isprintable() is False, "it ends with a line break"
    assert len(written.splitlines()) == 1
    assert written.rstrip("\n").isprintable()
    assert "all is well" in written


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_failure_keeps_its_traceback(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    with configured(Settings.model_validate({"log_format": log_format})):
        try:
            raise RuntimeError("the reason")
        except RuntimeError:
            logging.getLogger("service.any").exception("failed")
    written = capsys.readouterr().err
    if log_format == "json":
        written = json.loads(written)["exception"]
    assert "Traceback" in written
    assert "RuntimeError: the reason" in written

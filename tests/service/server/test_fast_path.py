"""Whatever the fast path does is counted, logged and traced, and never costs an answer."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from tests.service.api.test_refusals import as_body
from tests.service.bodies import GOOD
from tests.service.observability.test_logs import configured
from tests.service.observability.test_tracing import PARENT, TRACE, attributes, collecting
from tests.service.server.test_connection import BODY, HEAD, REQUEST, metrics, with_header
from tests.service.slow import until
from tests.service.wire import Client, Listening, as_bytes

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[tuple[FastAPI, Listening]]:
    app = create_app(settings.model_copy(update={"runtimes": ("onnx",)}))
    async with app.router.lifespan_context(app):
        yield app, Listening(app)


async def send(client: Client, *pieces: bytes) -> None:
    client.send(*pieces)
    await client.answer()


async def send_slowly(client: Client) -> None:
    client.send(HEAD, BODY[:20])
    await asyncio.sleep(0.1)
    await send(client, BODY[20:])


async def leave(client: Client) -> None:
    client.send(REQUEST)
    client.leave()


async def leave_early(client: Client) -> None:
    client.send(HEAD, BODY[:20])
    client.leave()


async def pipeline(client: Client) -> None:
    client.send(REQUEST + REQUEST)
    await until(lambda: len(client.answers()) == 2)


LARGE = as_bytes("/predict", as_body(GOOD + bytes(70_000)))
OUTCOMES: dict[str, Callable[[Client], Awaitable[None]]] = {
    "answered": lambda client: send(client, REQUEST),
    "refused": lambda client: send(client, as_bytes("/predict", as_body(b"text"))),
    "invalid-query": lambda client: send(client, as_bytes("/predict?modle=a", as_body(GOOD))),
    "compressed-body": lambda client: send(client, with_header(b"Content-Encoding: gzip")),
    "large-body": lambda client: send(client, LARGE),
    "slow-body": send_slowly,
    "expect-continue": lambda client: send(client, with_header(b"Expect: 100-continue")),
    "pipelined": pipeline,
    "client-left": leave,
}


@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_outcome_is_counted_by_its_reason(settings: Settings, outcome: str) -> None:
    line = f'tandem_fast_path_total{{outcome="{outcome}"}} 1.0'
    async with served(settings) as (app, listening):
        await OUTCOMES[outcome](listening.connect())
        await until(lambda: "tandem_http_requests_in_flight 0.0" in metrics(app))
        assert line in metrics(app)


@pytest.mark.parametrize(
    ("changes", "request_", "outcome"),
    [
        ({"cors_origins": ("*",)}, with_header(b"Origin: http://a"), "cross-origin"),
        ({"cors_origins": ("*",)}, REQUEST, "answered"),
        ({}, with_header(b"Origin: http://a"), "answered"),
        ({"max_body_bytes": len(BODY) - 1}, REQUEST, "large-body"),
        ({}, REQUEST.replace(b"/predict", b"/predict?" + b"a" * 513, 1), "invalid-query"),
    ],
    ids=["cross-origin", "no-origin", "origin-of-no-interest", "beyond-the-limit", "long-query"],
)
async def test_setting_decides_what_is_left_to_the_application(
    settings: Settings, changes: dict[str, Any], request_: bytes, outcome: str
) -> None:
    async with served(settings.model_copy(update=changes)) as (app, listening):
        await send(listening.connect(), request_)
        await until(lambda: f'tandem_fast_path_total{{outcome="{outcome}"}} 1.0' in metrics(app))


async def test_client_that_leaves_before_its_body_is_there_is_counted_once(
    settings: Settings,
) -> None:
    async with served(settings) as (app, listening):
        await leave_early(listening.connect())
        await until(lambda: "tandem_http_requests_in_flight 0.0" in metrics(app))
        assert 'route="/predict",status="499"} 1.0' in metrics(app)
        assert 'tandem_fast_path_total{outcome="client-left"} 1.0' in metrics(app)


@pytest.mark.parametrize("path", ["/tandem/predict", "/predict"])
async def test_request_below_the_root_path_is_answered(settings: Settings, path: str) -> None:
    async with served(settings.model_copy(update={"root_path": "/tandem"})) as (app, listening):
        await send(listening.connect(), as_bytes(path, as_body(GOOD)))
        assert 'tandem_fast_path_total{outcome="answered"} 1.0' in metrics(app)


async def test_requests_to_other_routes_are_none_of_its_outcomes(settings: Settings) -> None:
    async with served(settings) as (app, listening):
        await send(listening.connect(), as_bytes("/predict/batch", as_body(GOOD)))
        await send(listening.connect(), REQUEST.replace(b"POST", b"GET", 1))
        counts = [line for line in metrics(app).splitlines() if "tandem_fast_path_total{" in line]
        assert all(line.endswith(" 0.0") for line in counts)


async def test_unexpected_failure_is_logged_once_with_its_traceback_and_the_route_answers(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("only on the fast path")

    async with served(settings) as (app, listening):
        monkeypatch.setattr("service.server.fast_path.read_picture", fail)
        client = listening.connect()
        await send(client, REQUEST)
        [answer] = client.answers()
        assert answer.json()["label"] == "top-left"
        assert 'tandem_fast_path_total{outcome="failed"} 1.0' in metrics(app)
    [logged] = [record for record in caplog.records if record.exc_info]
    assert logged.name == "service.server.fast_path"
    assert "only on the fast path" in str(logged.exc_info)


@pytest.mark.parametrize("bodies", [[GOOD], [GOOD, b"text", GOOD]], ids=["one", "several"])
async def test_bad_picture_spoils_no_other_of_its_turn(
    settings: Settings, bodies: list[bytes]
) -> None:
    async with served(settings) as (_app, listening):
        clients = [listening.connect() for _ in bodies]
        for client, body in zip(clients, bodies, strict=True):
            client.send(as_bytes("/predict", as_body(body)))
        statuses = [(await client.answer()).status_code for client in clients]
        assert statuses == [200 if body == GOOD else 415 for body in bodies]


async def test_line_of_the_access_log_is_the_routes(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    logging_settings = settings.model_copy(update={"access_log": True, "log_format": "json"})
    with configured(logging_settings):
        async with served(logging_settings) as (app, listening):
            for connect in (listening.connect, listening.connect_plainly):
                await send(connect(), with_header(b"X-Request-ID: mine"))
            assert 'tandem_fast_path_total{outcome="answered"} 1.0' in metrics(app)
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in capsys.readouterr().err.splitlines() if "access" in line
    ]
    ours, theirs = ({**line, "time": None, "ms": None} for line in lines)
    assert ours == theirs
    assert ours["message"] == "POST /predict 200"


async def test_request_and_its_steps_are_spans_of_the_clients_trace(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        async with served(settings.model_copy(update={"tracing": True})) as (app, listening):
            await send(
                listening.connect(), with_header(f"traceparent: 00-{TRACE}-{PARENT}-01".encode())
            )
            assert 'tandem_fast_path_total{outcome="answered"} 1.0' in metrics(app)
    request = collector.spans.pop("POST /predict")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(request)["http.response.status_code"] == 200
    assert attributes(request)["tandem.model"] == "known"
    assert set(collector.spans) == {"decode", "preprocess", "queue", "inference"}
    for step in collector.spans.values():
        assert step.parent_span_id == request.span_id


async def test_span_of_a_request_that_is_left_to_the_route_is_sent_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        async with served(settings.model_copy(update={"tracing": True})) as (_app, listening):
            await send(listening.connect(), as_bytes("/predict", as_body(b"text")))
    assert attributes(collector.spans["POST /predict"])["error.type"] == "unsupported-type"

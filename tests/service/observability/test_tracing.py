import io
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from PIL import Image
from pydantic import ValidationError

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"


@dataclass
class Collector:
    """What any receiver of OTLP over HTTP would have."""

    url: str
    service: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Any] = field(default_factory=dict)

    def take(self, body: bytes) -> None:
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.service |= attributes(group.resource)
            for spans in group.scope_spans:
                self.spans |= {span.name: span for span in spans.spans}


def attributes(described: Any) -> dict[str, Any]:
    return {
        pair.key: pair.value.string_value or pair.value.int_value for pair in described.attributes
    }


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


Traced = Callable[..., AbstractContextManager[tuple[Any, Collector]]]


@pytest.fixture
def traced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Traced:
    """Serve with tracing; the spans are all there once the block has been left."""

    @contextmanager
    def serve(**changes: object) -> Iterator[tuple[Any, Collector]]:
        with collecting() as collector:
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
            wanted = {"tracing": True, "runtimes": ("onnx",), **changes}
            with TestClient(create_app(settings.model_copy(update=wanted))) as client:
                yield client, collector

    return serve


def test_request_and_its_steps_are_spans_of_one_trace(traced: Traced) -> None:
    with traced() as (client, collector):
        client.post("/predict", content=picture("top-left"), headers={"X-Request-ID": "mine"})
    request = collector.spans.pop("POST /predict")
    assert set(collector.spans) == {"decode", "preprocess", "queue", "inference"}
    for step in collector.spans.values():
        assert step.trace_id == request.trace_id
        assert step.parent_span_id == request.span_id
        assert step.start_time_unix_nano <= step.end_time_unix_nano
    assert not request.parent_span_id
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/predict",
        "http.response.status_code": 200,
        "url.scheme": "http",
        "tandem.request_id": "mine",
        "tandem.model": "known",
        "tandem.version": 2,
        "tandem.runtime": "onnx",
        "tandem.batch": 1,
    }
    assert collector.service["service.name"] == "tandem"


@pytest.mark.parametrize("path", ["/predict", "/compare"])
def test_steps_in_threads_and_batches_stay_with_their_request(traced: Traced, path: str) -> None:
    large = Image.open(io.BytesIO(picture("top-left"))).resize((1500, 1500))
    file = io.BytesIO()
    large.save(file, "PNG")
    with traced(batch_wait_ms=50) as (client, collector):
        client.post(path, content=file.getvalue())
    request = collector.spans.pop(f"POST {path}")
    assert set(collector.spans) == {"decode", "preprocess", "queue", "inference"}
    for step in collector.spans.values():
        assert step.parent_span_id == request.span_id
    queue = collector.spans["queue"]
    assert queue.end_time_unix_nano - queue.start_time_unix_nano >= 40_000_000


def test_trace_of_the_client_goes_on(traced: Traced) -> None:
    with traced() as (client, collector):
        client.get("/models", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    request = collector.spans["GET /models"]
    assert request.trace_id.hex() == TRACE
    assert request.parent_span_id.hex() == PARENT


@pytest.mark.parametrize(
    "sent",
    ["", "00", f"00-{TRACE}-{PARENT}", f"00-{'0' * 32}-{PARENT}-01", "\xff" * 55, "-" * 4000],
)
def test_malformed_parent_begins_a_new_trace(traced: Traced, sent: str) -> None:
    with traced() as (client, collector):
        headers = {b"traceparent": sent.encode("latin-1")}
        assert client.get("/health/live", headers=headers).status_code == 200
    assert not collector.spans["GET /health/live"].parent_span_id


def test_parent_that_is_not_sampled_leaves_no_span(traced: Traced) -> None:
    with traced() as (client, collector):
        client.get("/models", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert not collector.spans


def test_failure_is_marked(traced: Traced) -> None:
    with traced() as (client, collector):
        client.post("/predict", content=b"text")
        client.app.state.service.draining = True
        client.get("/health/ready")
    refused, unready = collector.spans["POST /predict"], collector.spans["GET /health/ready"]
    assert attributes(refused)["error.type"] == "unsupported-type"
    assert refused.status.code == 0, "a refusal is no failure of the service"
    assert attributes(unready)["error.type"] == "not-ready"
    assert unready.status.code == 2


def test_shutdown_does_not_wait_long_for_a_receiver_that_is_gone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collecting() as collector:
        pass  # nobody listens at its address any more
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    wanted = settings.model_copy(update={"tracing": True, "runtimes": ("onnx",)})
    with TestClient(create_app(wanted)) as client:
        client.get("/health/live").raise_for_status()
        start = time.monotonic()
    assert time.monotonic() - start < 6


def test_tracing_without_its_packages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.settings.library_versions", lambda *_: {"python": "3"})
    with pytest.raises(ValidationError, match=r"tandem\[otel\]"):
        Settings(tracing=True)


def test_nothing_of_it_is_imported_where_it_is_off() -> None:
    script = (
        "import sys; from service.app import create_app; from service.settings import Settings;"
        "create_app(Settings()).build_middleware_stack();"
        "found = [name for name in sys.modules if name.startswith(('opentelemetry.sdk',"
        " 'opentelemetry.exporter', 'service.tracing'))]; assert not found, found"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)

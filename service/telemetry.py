"""What Prometheus scrapes: one registry an app, so that two apps in a process do not add up."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Final, Literal

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artifact.predictor import Predictor

Stage = Literal["decode", "preprocess"]
UNMATCHED: Final = "unmatched"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS: Final = (
    *(0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005),
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
_MODEL: Final = ("model", "version", "runtime")


class Telemetry:
    """Counts and times what the service does."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "tandem_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self.request_seconds = Histogram(
            "tandem_http_request_seconds",
            "From a request's head to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "tandem_http_requests_in_flight", "Requests not answered yet.", registry=registry
        )
        self.stage_seconds = Histogram(
            "tandem_picture_seconds",
            "To decode a picture and to preprocess it.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.inference_seconds = Histogram(
            "tandem_inference_seconds",
            "From the pictures of one batch to their predictions.",
            _MODEL,
            buckets=_SECONDS,
            registry=registry,
        )
        self.predictions = Counter(
            "tandem_predictions", "Pictures answered.", _MODEL, registry=registry
        )

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Time one step of making a picture ready."""
        start = perf_counter()
        yield
        self.stage_seconds.labels(stage).observe(perf_counter() - start)

    @contextmanager
    def inference(self, predictor: Predictor, pictures: int) -> Iterator[None]:
        """Time one batch on one runtime and count its pictures."""
        start = perf_counter()
        yield
        labels = (predictor.manifest.name, predictor.manifest.version, predictor.runtime_id)
        self.inference_seconds.labels(*labels).observe(perf_counter() - start)
        self.predictions.labels(*labels).inc(pictures)

    def record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one answered request by the template of its route, never by its raw path."""
        route = getattr(scope.get("route"), "path", UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.requests.labels(method, route, status).inc()
        self.request_seconds.labels(route).observe(seconds)

    def render(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self.registry)


class Instrumented:
    """ASGI middleware that tells the telemetry of every request."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app = app
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = perf_counter()

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._telemetry.in_flight.track_inprogress():
            try:
                await self._app(scope, receive, noting_status)
            finally:
                self._telemetry.record(scope, status, perf_counter() - start)

"""A request and its answer, as those who watch see them: an id, numbers, reasons; no contents."""

import re
import secrets
from collections.abc import Awaitable, Iterable
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artifact.predictor import Predictor
from service.observability.logs import log_request
from service.observability.telemetry import Telemetry

if TYPE_CHECKING:
    from service.observability.tracing import Tracing  # its packages need not be installed

UNMATCHED: Final = "unmatched"
_SCOPE_KEY: Final = "tandem.record"
REQUEST_ID: Final = b"x-request-id"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Long enough for every scheme in use; nothing that a log, a shell or a page would read as its own.
_WELL_FORMED: Final = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_FAILED: Final = 500
_FIRST_ERROR: Final = 400
KINDS: Final = {
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    408: "too-slow",
    409: "busy",
    413: "too-large",
    415: "unsupported-type",
    422: "invalid",
    429: "overloaded",
    499: "client-left",
    503: "not-ready",
}


class RequestRecord:
    """What is known of one request and its answer.

    Whoever answers says what it knows, at no cost: the route if the router did not find it, the
    reason of a refusal, and which model answers.
    """

    trace_id: str | None = None
    route: str | None = None
    status = _FAILED
    sent = 0
    kind: str | None = None
    predictor: Predictor | None = None
    pictures: int | None = None

    def __init__(self, method: str, request_id: bytes) -> None:
        self.method = method if method in _METHODS else "other"
        self.request_id = request_id

    def answered_by(self, predictor: Predictor, pictures: int = 1) -> None:
        """Say which model answers, and how many pictures."""
        self.predictor = predictor
        self.pictures = pictures

    def answering(self) -> dict[str, str | int]:
        """Name what answers, by the words that logs and traces have for it."""
        if self.predictor is None or self.pictures is None:
            return {}
        manifest = self.predictor.manifest
        return {
            "model": manifest.name,
            "version": manifest.version,
            "runtime": self.predictor.runtime_id,
            "batch": self.pictures,
        }


def record_of(scope: Scope) -> RequestRecord:
    """Find what is known of the request of an ASGI scope."""
    record: RequestRecord = scope[_SCOPE_KEY]
    return record


class RequestIds:
    """Gives requests their ids: what the client sent, where that is well-formed, or a new one."""

    def __init__(self) -> None:
        self._new = map(f"{secrets.token_hex(8)}-%x".encode().__mod__, count())

    def of(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Find the id among a request's headers, or make one."""
        for name, value in headers:
            if name == REQUEST_ID and _WELL_FORMED.fullmatch(value):
                return value
        return next(self._new)


class RecordMiddleware:
    """ASGI application around all others: gives each request an id, counts it and logs it."""

    def __init__(
        self,
        app: ASGIApp,
        telemetry: Telemetry,
        tracing: "Tracing | None" = None,
        *,
        access_log: bool = False,
    ) -> None:
        self._app = app
        self._telemetry = telemetry
        self._tracing = tracing
        self._access_log = access_log
        self._ids = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        request_id = self._ids.of(scope["headers"])
        scope[_SCOPE_KEY] = record = RequestRecord(scope["method"], request_id)

        def identified(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                headers = (*message.get("headers", ()), (REQUEST_ID, request_id))
                message = {**message, "headers": headers}
            else:
                record.sent += len(message.get("body", b""))
            return send(message)

        span = self._tracing.begin(scope, record) if self._tracing else None
        in_flight = self._telemetry.in_flight
        in_flight.add(1)
        try:
            await self._app(scope, receive, identified)
        finally:
            in_flight.add(-1)
            self._tell(scope, record, perf_counter() - start)
            if span is not None:
                span.end()

    def _tell(self, scope: Scope, record: RequestRecord, seconds: float) -> None:
        # The template of the route, never the raw path: each path would be a series of its own.
        record.route = route = record.route or _template(scope)
        self._telemetry.answered(record.method, route, record.status, seconds)
        if record.status >= _FIRST_ERROR:
            record.kind = record.kind or KINDS.get(record.status, "unexpected")
            self._telemetry.refused(record.kind)
        if self._access_log:
            headline = {"method": record.method, "route": route, "status": record.status}
            log_request(headline, _details(scope, record, seconds))


def _template(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", UNMATCHED))


def _details(scope: Scope, record: RequestRecord, seconds: float) -> dict[str, Any]:
    known = {
        "id": record.request_id.decode(),
        "ms": round(seconds * 1000, 3),
        "received": _announced_bytes(scope),
        "sent": record.sent,
        **record.answering(),
        "refused": record.kind,
        "trace_id": record.trace_id,
    }
    return {name: value for name, value in known.items() if value is not None}


def _announced_bytes(scope: Scope) -> int | None:
    announced = dict(scope["headers"]).get(b"content-length", b"")
    return int(announced) if announced.isdigit() else None

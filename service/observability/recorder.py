"""The one place that records a request: metrics, log line and span, whatever has answered it."""

import re
import secrets
from collections.abc import Awaitable
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observability.logs import log_request
from service.observability.record import KINDS, REQUEST_ID, UNMATCHED, RequestRecord
from service.observability.telemetry import Telemetry

if TYPE_CHECKING:
    from service.observability.tracing import Tracing  # its packages need not be installed

_SCOPE_KEY: Final = "tandem.record"
_FIRST_ERROR: Final = 400
# An id that a client sends: long enough for every scheme in use; nothing that a log, a shell or a
# page would read as its own.
_WELL_FORMED: Final = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


class Recorder:
    """Begins and ends the records of requests."""

    def __init__(
        self, telemetry: Telemetry, tracing: "Tracing | None" = None, *, access_log: bool = False
    ) -> None:
        self._telemetry = telemetry
        self._tracing = tracing
        self._access_log = access_log
        self._new_ids = map(f"{secrets.token_hex(8)}-%x".encode().__mod__, count())

    def begin(self, scope: Scope) -> RequestRecord:
        """Begin the record of a request; `record_of` finds it in the ASGI scope from then on."""
        headers = dict(reversed(scope["headers"]))
        request_id: bytes | None = headers.get(REQUEST_ID)
        if request_id is None or not _WELL_FORMED.fullmatch(request_id):
            request_id = next(self._new_ids)
        scope[_SCOPE_KEY] = record = RequestRecord(
            scope["method"], scope.get("scheme"), headers, request_id
        )
        self._telemetry.in_flight.add(1)
        if self._tracing is not None:
            self._tracing.begin(record)
        return record

    def end(self, record: RequestRecord) -> None:
        """End a record whose status is known: count the request, log it, send its span."""
        seconds = perf_counter() - record.started
        self._telemetry.in_flight.add(-1)
        record.route = route = record.route or UNMATCHED
        self._telemetry.answered(record.method, route, record.status, seconds)
        if record.status >= _FIRST_ERROR:
            record.kind = record.kind or KINDS.get(record.status, "unexpected")
            self._telemetry.refused(record.kind)
        if self._access_log:
            headline = {"method": record.method, "route": route, "status": record.status}
            log_request(headline, _details(record, seconds))
        if self._tracing is not None:
            self._tracing.end(record)


def record_of(scope: Scope) -> RequestRecord:
    """Find what is known of the request of an ASGI scope."""
    record: RequestRecord = scope[_SCOPE_KEY]
    return record


def recorded(app: ASGIApp, recorder: Recorder) -> ASGIApp:
    """Record each request of an application, and give its answer an id."""

    async def record_and_answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        # The fast path has begun the records of the requests that it leaves to the routes.
        record: RequestRecord = scope.get(_SCOPE_KEY) or recorder.begin(scope)

        def identified(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                headers = (*message.get("headers", ()), (REQUEST_ID, record.request_id))
                message = {**message, "headers": headers}
            else:
                record.sent += len(message.get("body", b""))
            return send(message)

        try:
            await app(scope, receive, identified)
        finally:
            record.route = record.route or getattr(scope.get("route"), "path", None)
            recorder.end(record)

    return record_and_answer


def _details(record: RequestRecord, seconds: float) -> dict[str, object]:
    known = {
        "id": record.request_id.decode(),
        "ms": round(seconds * 1000, 3),
        "received": record.received(),
        "sent": record.sent,
        **record.answering(),
        "refused": record.kind,
        "trace_id": record.trace_id,
    }
    return {name: value for name, value in known.items() if value is not None}

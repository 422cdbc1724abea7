"""OpenTelemetry spans of requests and of their steps; imported only where tracing is on.

Where spans go, which are kept and what the service is called stands in OpenTelemetry's own
variables: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME and so on.
"""

import os
from collections.abc import Iterable, Mapping
from time import time_ns
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from service.observability.record import RequestRecord

_PROPAGATED: Final = (b"traceparent", b"tracestate")
_TIMEOUTS: Final = {"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"}
# With all retries. The shutdown waits for it too, and a receiver that is gone must not delay that.
_PATIENCE_SECONDS: Final = 3
_FIRST_FAILURE: Final = 500
_NANOSECONDS: Final = 1_000_000_000


class Tracing:
    """Makes spans, and sends them in the background."""

    def __init__(self) -> None:
        named = {} if "OTEL_SERVICE_NAME" in os.environ else {SERVICE_NAME: "tandem"}
        self._provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
        patience = None if _TIMEOUTS & os.environ.keys() else _PATIENCE_SECONDS
        exporter = OTLPSpanExporter(timeout=patience)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("tandem")
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, record: RequestRecord) -> None:
        """Begin the span of a request, under the one that its `traceparent` names, if it does."""
        carried = {
            name.decode(): record.headers[name].decode("latin-1")
            for name in _PROPAGATED
            if name in record.headers
        }
        parent = self._propagator.extract(carried)
        record.span = span = self._tracer.start_span("request", parent, SpanKind.SERVER)
        record.trace = set_span_in_context(span)
        record.trace_id = f"{span.get_span_context().trace_id:032x}"

    def end(self, record: RequestRecord) -> None:
        """End the span of a request, with what is known of it by now."""
        span = record.span
        if span is None:
            return
        span.update_name(f"{record.method} {record.route}")
        span.set_attributes(_attributes(record))
        if record.status >= _FIRST_FAILURE:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def steps(
        self,
        name: str,
        seconds: float,
        traces: Iterable[Context | None],
        attributes: Mapping[str, str | int] | None = None,
    ) -> None:
        """Span a step that has just ended, under the span of each request that it was part of."""
        end = time_ns()
        start = end - int(seconds * _NANOSECONDS)
        for trace in traces:
            span = self._tracer.start_span(name, trace, attributes=attributes, start_time=start)
            span.end(end)

    def close(self) -> None:
        """Send what is left; takes some seconds where no receiver answers."""
        self._provider.shutdown()


def _attributes(record: RequestRecord) -> dict[str, str | int]:
    """Name what is known as OpenTelemetry's conventions for HTTP do."""
    known = {
        "http.request.method": record.method,
        "http.route": record.route,
        "http.response.status_code": record.status,
        "url.scheme": record.scheme,
        "error.type": record.kind,
        "tandem.request_id": record.request_id.decode(),
        **{f"tandem.{name}": value for name, value in record.answering().items()},
    }
    return {name: value for name, value in known.items() if value is not None}

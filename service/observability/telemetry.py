"""What Prometheus scrapes: one registry an app, so that two apps in a process do not add up."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar, get_args

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from artifact.predictor import Predictor
from service.observability.buffers import CounterBuffer, GaugeBuffer, HistogramBuffer, MetricsBuffer
from service.observability.metrics import PICTURES, SECONDS, Metrics
from service.observability.shared import SharedFolder, count_alone, what_all_counted

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from service.observability.tracing import Tracing  # its packages need not be installed

# What a step that ends elsewhere is part of; None where nothing is traced.
Trace: TypeAlias = "Context | None"
Stage = Literal["decode", "preprocess"]
_FLUSH_SECONDS: Final = 0.5


_Buffer = TypeVar("_Buffer", bound=MetricsBuffer)


class Telemetry:
    """Counts and times what the service does; every method may be called from any thread.

    An update costs some tenths of a microsecond: `flush` is what tells Prometheus' client.
    """

    def __init__(
        self, folder: SharedFolder | None = None, tracing: "Tracing | None" = None
    ) -> None:
        """Count for this process alone or for all that share the folder; span steps if traced."""
        disable_created_metrics()  # several processes cannot show them: one would have more names
        registry = CollectorRegistry()
        if folder is None:
            count_alone()
            ProcessCollector(registry=registry)
            PlatformCollector(registry=registry)
        self._shared = folder is not None
        self._registry = registry if folder is None else what_all_counted(folder)
        self._tracing = tracing
        self._buffers: list[MetricsBuffer] = []
        self._metrics = metrics = Metrics(registry)
        self._answers: dict[tuple[str, str, int], CounterBuffer] = {}
        self._request_seconds: dict[str, HistogramBuffer] = {}
        self._errors: dict[str, CounterBuffer] = {}
        self._fast_path: dict[str, CounterBuffer] = {}
        self._models: dict[tuple[str, int, str], ModelTelemetry] = {}
        self._growing = Lock()
        self.in_flight = self._keep(GaugeBuffer(metrics.in_flight))
        self._stages = {
            stage: self._keep(HistogramBuffer(metrics.stage_seconds.labels(stage), SECONDS))
            for stage in get_args(Stage)
        }

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request and the time from its head to the end of its answer."""
        key = (method, route, status)
        (self._answers.get(key) or self._open_answers(key)).add()
        (self._request_seconds.get(route) or self._open_request_seconds(route)).add(seconds)

    def refused(self, kind: str) -> None:
        """Count a request, or one picture of several, that got no answer, by the reason."""
        (self._errors.get(kind) or self._open_errors(kind)).add()

    def fast_path(self, outcome: str) -> None:
        """Count a request that the fast path answered or left to the routes, by the reason."""
        (self._fast_path.get(outcome) or self._open_fast_path(outcome)).add()

    def count_broken(self, artifacts: int) -> None:
        """Say how much of what is published cannot be served."""
        self._metrics.broken_artifacts.set(artifacts)

    def own_connections(self, own: bool) -> None:
        """Tell whether connections are the service's own, or uvicorn's as they are."""
        self._metrics.own_connections.set(own)

    def of(self, predictor: Predictor) -> "ModelTelemetry":
        """Give the buffers of a model, version and runtime: the same ones when loaded again."""
        key = (predictor.manifest.name, predictor.manifest.version, predictor.runtime_id)
        return self._models.get(key) or self._open_model(key)

    def pictures(self) -> int:
        """How many pictures this process has answered so far."""
        with self._growing:
            return sum(model.predictions.total for model in self._models.values())

    def current_trace(self) -> Trace:
        """Give what the steps of the current task are part of."""
        return None if self._tracing is None else self._tracing.context()

    def prepared(self, stage: Stage, seconds: float, traces: Sequence[Trace]) -> None:
        """Count a step that has just ended, which took so long for each picture."""
        self._stages[stage].add(seconds, len(traces))
        if self._tracing is not None:
            for trace in traces:
                self._tracing.step(stage, seconds, context=trace)

    @contextmanager
    def preparing(self, stage: Stage, trace: Trace) -> Iterator[None]:
        """Time one step of making one picture ready."""
        start = perf_counter()
        yield
        self.prepared(stage, perf_counter() - start, (trace,))

    def flush(self) -> None:
        """Hand everything that was counted to Prometheus' client."""
        with self._growing:
            buffers = tuple(self._buffers)
        for buffer in buffers:
            buffer.flush()

    @asynccontextmanager
    async def flushing(self) -> AsyncIterator[None]:
        """Flush now and then meanwhile, where another process may answer Prometheus."""
        if not self._shared:
            yield
            return
        task = asyncio.create_task(self._flush_periodically())
        try:
            yield
        finally:
            task.cancel()
            self.flush()

    async def _flush_periodically(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self.flush()

    def render(self) -> bytes:
        """Write everything in Prometheus' text format."""
        self.flush()
        return generate_latest(self._registry)

    def _keep(self, buffer: _Buffer) -> _Buffer:
        self._buffers.append(buffer)
        return buffer

    def _open_answers(self, key: tuple[str, str, int]) -> CounterBuffer:
        with self._growing:
            if key not in self._answers:
                self._answers[key] = self._keep(CounterBuffer(self._metrics.requests.labels(*key)))
            return self._answers[key]

    def _open_request_seconds(self, route: str) -> HistogramBuffer:
        with self._growing:
            if route not in self._request_seconds:
                histogram = self._metrics.request_seconds.labels(route)
                self._request_seconds[route] = self._keep(HistogramBuffer(histogram, SECONDS))
            return self._request_seconds[route]

    def _open_errors(self, kind: str) -> CounterBuffer:
        with self._growing:
            if kind not in self._errors:
                self._errors[kind] = self._keep(CounterBuffer(self._metrics.errors.labels(kind)))
            return self._errors[kind]

    def _open_fast_path(self, outcome: str) -> CounterBuffer:
        with self._growing:
            if outcome not in self._fast_path:
                counter = self._metrics.fast_path.labels(outcome)
                self._fast_path[outcome] = self._keep(CounterBuffer(counter))
            return self._fast_path[outcome]

    def _open_model(self, key: tuple[str, int, str]) -> "ModelTelemetry":
        with self._growing:
            if key not in self._models:
                self._models[key] = model = ModelTelemetry(self._metrics, key, self._tracing)
                self._buffers.extend(model.buffers)
            return self._models[key]


class ModelTelemetry:
    """The buffers of one model, version and runtime."""

    def __init__(
        self, metrics: Metrics, labels: tuple[str, int, str], tracing: "Tracing | None"
    ) -> None:
        self._tracing = tracing
        self._depth = GaugeBuffer(metrics.queue_depth.labels(*labels))
        self._waits = HistogramBuffer(metrics.queue_seconds.labels(*labels), SECONDS)
        self._inferences = HistogramBuffer(metrics.inference_seconds.labels(*labels), SECONDS)
        self._batches = HistogramBuffer(metrics.batch_size.labels(*labels), PICTURES)
        self.predictions = CounterBuffer(metrics.predictions.labels(*labels))
        self.buffers: Sequence[MetricsBuffer] = (
            self._depth,
            self._waits,
            self._inferences,
            self._batches,
            self.predictions,
        )

    def queued(self, pictures: int) -> None:
        """Pictures begin to wait."""
        self._depth.add(pictures)

    def dequeued(self, pictures: int, seconds: float, traces: Sequence[Trace]) -> None:
        """Pictures that came together have waited so long: for inference, or for nothing."""
        self._depth.add(-pictures)
        self._waits.add(seconds, len(traces))
        if self._tracing is not None:
            for trace in traces:
                self._tracing.step("queue", seconds, context=trace)

    def inferred(self, pictures: int, seconds: float, traces: Sequence[Trace]) -> None:
        """One batch was answered."""
        self._inferences.add(seconds)
        self._batches.add(pictures)
        self.predictions.add(pictures)
        if self._tracing is not None:
            for trace in traces:
                self._tracing.step("inference", seconds, {"tandem.batch": pictures}, trace)

"""What Prometheus scrapes: one registry an app, so that two apps in a process do not add up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
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
from service.observability.buffers import HistogramBuffer, SumBuffer
from service.observability.metrics import Metrics
from service.observability.shared import SharedFolder, count_alone, what_all_counted

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from service.observability.tracing import Tracing  # its packages need not be installed

# What a step that ends elsewhere is part of; None where nothing is traced.
Trace: TypeAlias = "Context | None"
Stage = Literal["decode", "preprocess"]
_FLUSH_SECONDS: Final = 0.5

_Labels = TypeVar("_Labels")
_Buffer = TypeVar("_Buffer")


class Telemetry:
    """Counts and times what the service does; every method may be called from any thread.

    An update is cheap: `flush` is what tells Prometheus' client.
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
        self._registry = registry if folder is None else what_all_counted(folder)
        self._tracing = tracing
        self._metrics = metrics = Metrics(registry)
        self._answers = _ByLabels[tuple[str, str, int], SumBuffer](
            lambda labels: SumBuffer(metrics.requests.labels(*labels))
        )
        self._request_seconds = _ByLabels[str, HistogramBuffer](
            lambda route: HistogramBuffer(metrics.request_seconds.labels(route))
        )
        self._errors = _ByLabels[str, SumBuffer](
            lambda kind: SumBuffer(metrics.errors.labels(kind))
        )
        self._fast_path = _ByLabels[str, SumBuffer](
            lambda outcome: SumBuffer(metrics.fast_path.labels(outcome))
        )
        self._models = _ByLabels[tuple[str, int, str], ModelTelemetry](
            lambda labels: ModelTelemetry(metrics, labels, tracing)
        )
        self._stages = {
            stage: HistogramBuffer(metrics.stage_seconds.labels(stage)) for stage in get_args(Stage)
        }
        self.in_flight = SumBuffer(metrics.in_flight)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request and the time from its head to the end of its answer."""
        self._answers[method, route, status].add(1)
        self._request_seconds[route].add(seconds)

    def refused(self, kind: str) -> None:
        """Count a request, or one picture of several, that got no answer, by the reason."""
        self._errors[kind].add(1)

    def fast_path(self, outcome: str) -> None:
        """Count a request that the fast path answered or left to the routes, by the reason."""
        self._fast_path[outcome].add(1)

    def count_broken(self, artifacts: int) -> None:
        """Say how much of what is published cannot be served."""
        self._metrics.broken_artifacts.set(artifacts)

    def own_connections(self, own: bool) -> None:
        """Tell whether connections are the service's own, or uvicorn's as they are."""
        self._metrics.own_connections.set(own)

    def of(self, predictor: Predictor) -> "ModelTelemetry":
        """Give the buffers of a model, version and runtime: the same ones when loaded again."""
        manifest = predictor.manifest
        return self._models[manifest.name, manifest.version, predictor.runtime_id]

    def pictures(self) -> int:
        """How many pictures this process has answered so far."""
        return sum(model.predictions.total for model in tuple(self._models.values()))

    def prepared(self, stage: Stage, seconds: float, traces: Sequence[Trace]) -> None:
        """Count a step that has just ended, which took so long for each picture."""
        self._stages[stage].add_all([seconds] * len(traces))
        if self._tracing is not None:
            self._tracing.steps(stage, seconds, traces)

    @contextmanager
    def preparing(self, stage: Stage, trace: Trace) -> Iterator[None]:
        """Time one step of making one picture ready."""
        start = perf_counter()
        yield
        self.prepared(stage, perf_counter() - start, (trace,))

    def flush(self) -> None:
        """Hand everything that was counted to Prometheus' client."""
        self.in_flight.flush()
        families: tuple[Collection[SumBuffer | HistogramBuffer | ModelTelemetry], ...] = (
            *(self._answers.values(), self._request_seconds.values(), self._errors.values()),
            *(self._fast_path.values(), self._models.values(), self._stages.values()),
        )
        for buffers in map(tuple, families):  # others may be added meanwhile
            for buffer in buffers:
                buffer.flush()

    @asynccontextmanager
    async def flushing(self) -> AsyncIterator[None]:
        """Flush now and then meanwhile: another process may answer Prometheus, or nobody asks."""
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


class _ByLabels(dict[_Labels, _Buffer]):
    """Buffers by the values of their labels, each made when it is first asked for."""

    def __init__(self, make: Callable[[_Labels], _Buffer]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, labels: _Labels) -> _Buffer:
        # Of those that several threads make at once, all use the first one.
        return self.setdefault(labels, self._make(labels))


class ModelTelemetry:
    """The buffers of one model, version and runtime."""

    def __init__(
        self, metrics: Metrics, labels: tuple[str, int, str], tracing: "Tracing | None"
    ) -> None:
        self._tracing = tracing
        self._depth = SumBuffer(metrics.queue_depth.labels(*labels))
        self._waits = HistogramBuffer(metrics.queue_seconds.labels(*labels))
        self._inferences = HistogramBuffer(metrics.inference_seconds.labels(*labels))
        self._batches = HistogramBuffer(metrics.batch_size.labels(*labels))
        self.predictions = SumBuffer(metrics.predictions.labels(*labels))

    def flush(self) -> None:
        """Tell Prometheus' client."""
        for buffer in (self._depth, self._waits, self._inferences, self._batches, self.predictions):
            buffer.flush()

    def queued(self, pictures: int) -> None:
        """Pictures begin to wait."""
        self._depth.add(pictures)

    def dequeued(self, pictures: int, seconds: float, traces: Sequence[Trace]) -> None:
        """Pictures that came together wait no longer: for inference, or for nothing."""
        self._depth.add(-pictures)
        self.waited(seconds, traces)

    def waited(self, seconds: float, traces: Sequence[Trace]) -> None:
        """Requests have waited for so long, or were not queued at all."""
        self._waits.add_all([seconds] * len(traces))
        if self._tracing is not None:
            self._tracing.steps("queue", seconds, traces)

    def inferred(self, pictures: int, seconds: float, traces: Sequence[Trace]) -> None:
        """One batch was answered."""
        self._inferences.add(seconds)
        self._batches.add(pictures)
        self.predictions.add(pictures)
        if self._tracing is not None:
            self._tracing.steps("inference", seconds, traces, {"tandem.batch": pictures})

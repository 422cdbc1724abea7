"""What each model did, as Triton's statistics extension tells it.

Counted are the requests to the protocol's routes, of this process, since the model was loaded.
"""

from dataclasses import dataclass
from time import perf_counter_ns, time_ns
from typing import Final, Literal
from weakref import WeakKeyDictionary

from service.registry import LoadedModel

Stage = Literal["compute_input", "queue", "compute_infer", "compute_output"]
_STAGES: Final[tuple[Stage, ...]] = ("compute_input", "queue", "compute_infer", "compute_output")
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000


@dataclass(slots=True)
class Duration:
    """How often something was done, and how long it took together."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int) -> None:
        """Count one more."""
        self.count += 1
        self.ns += ns

    def dump(self) -> dict[str, int]:
        """Give both as the extension has them."""
        return {"count": self.count, "ns": self.ns}


class Stopwatch:
    """Times the stages of one request, one after the other."""

    def __init__(self) -> None:
        self.pictures = 0
        self.stages: dict[Stage, int] = {}
        self._start = self._last = perf_counter_ns()

    def lap(self, stage: Stage) -> None:
        """End a stage, which began where the one before ended."""
        now = perf_counter_ns()
        self.stages[stage] = now - self._last
        self._last = now

    def lap_infer(self, waited: float) -> None:
        """End the inference, the first so many seconds of which were spent in the queue."""
        self.lap("compute_infer")
        self.stages["queue"] = round(waited * _NS_PER_S)
        self.stages["compute_infer"] -= self.stages["queue"]

    def lap_infer_since(self, began: float) -> None:
        """End the inference, which began at that `perf_counter`, after a time in the queue."""
        self.lap_infer(max(0.0, began - self._last / _NS_PER_S))

    def total(self) -> int:
        """Give the nanoseconds since the start."""
        return perf_counter_ns() - self._start


class ModelStatistics:
    """The counts of one version of one model."""

    def __init__(self) -> None:
        self._success, self._fail = Duration(), Duration()
        self._stages = {stage: Duration() for stage in _STAGES}
        self._batches: dict[int, dict[Stage, Duration]] = {}
        self._pictures = 0
        self._last_ms = 0

    def fail(self, watch: Stopwatch) -> None:
        """Count a request that was refused or failed."""
        self._fail.add(watch.total())

    def succeed(self, watch: Stopwatch) -> None:
        """Count a request that was answered."""
        self._success.add(watch.total())
        self._count(watch)

    def dump(self) -> dict[str, object]:
        """Give everything as the extension has it."""
        return {
            "last_inference": self._last_ms,
            "inference_count": self._pictures,
            "execution_count": self._success.count,
            "inference_stats": {
                "success": self._success.dump(),
                "fail": self._fail.dump(),
                **{str(stage): duration.dump() for stage, duration in self._stages.items()},
                # There is no cache, but clients read its counts.
                "cache_hit": Duration().dump(),
                "cache_miss": Duration().dump(),
            },
            "batch_stats": [
                {"batch_size": size} | {stage: batch[stage].dump() for stage in batch}
                for size, batch in sorted(self._batches.items())
            ],
        }

    def _count(self, watch: Stopwatch) -> None:
        self._pictures += watch.pictures
        self._last_ms = time_ns() // _NS_PER_MS
        batch = self._batches.get(watch.pictures)
        if batch is None:
            batch = self._batches[watch.pictures] = {stage: Duration() for stage in _STAGES}
        for stage, ns in watch.stages.items():
            self._stages[stage].add(ns)
            batch[stage].add(ns)


class Statistics:
    """The statistics of every loaded model; they begin anew when it is loaded again."""

    def __init__(self) -> None:
        # A request under way still counts for the model that it began with, and keeps it no longer.
        self._models = WeakKeyDictionary[LoadedModel, ModelStatistics]()

    def of(self, model: LoadedModel) -> ModelStatistics:
        """Give the counts of a model."""
        counts = self._models.get(model)
        if counts is None:
            counts = self._models[model] = ModelStatistics()
        return counts

    def dump(self, model: LoadedModel) -> dict[str, object]:
        """Give the counts of a model as the extension has them."""
        manifest = model.manifest
        return {
            "name": manifest.name,
            "version": str(manifest.version),
            **self.of(model).dump(),
        }

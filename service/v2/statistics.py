"""What each model did, as Triton's statistics extension tells it.

Counted are the requests to the protocol's routes, of this process, since the model was loaded.
"""

from collections import defaultdict
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
class Count:
    """How often something was done, and how long it took together."""

    count: int
    ns: int

    def add(self, ns: int, count: int = 1) -> None:
        """Count one more, or several."""
        self.count += count
        self.ns += ns


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

    def lap_infer(self, began: float) -> None:
        """End the inference, which began at that `perf_counter`, after a time in the queue."""
        waited = max(0, round(began * _NS_PER_S) - self._last)
        self.lap("compute_infer")
        self.stages["queue"] = waited
        self.stages["compute_infer"] -= waited

    def total(self) -> int:
        """Give the nanoseconds since the start."""
        return perf_counter_ns() - self._start


class ModelStatistics:
    """The counts of one version of one model."""

    def __init__(self) -> None:
        self._success, self._fail = Count(0, 0), Count(0, 0)
        # Of the requests with so many pictures.
        self._batches = defaultdict[int, dict[Stage, Count]](
            lambda: {stage: Count(0, 0) for stage in _STAGES}
        )
        self._last_ms = 0

    def fail(self, watch: Stopwatch) -> None:
        """Count a request that was refused or failed."""
        self._fail.add(watch.total())

    def succeed(self, watch: Stopwatch) -> None:
        """Count a request that was answered."""
        self._success.add(watch.total())
        self._last_ms = time_ns() // _NS_PER_MS
        batch = self._batches[watch.pictures]
        for stage, ns in watch.stages.items():
            batch[stage].add(ns)

    def dump(self) -> dict[str, object]:
        """Give everything as the extension has it."""
        batches = sorted(self._batches.items())
        stages = {str(stage): Count(0, 0) for stage in _STAGES}
        for _, batch in batches:
            for stage, one in batch.items():
                stages[stage].add(one.ns, one.count)
        return {
            "last_inference": self._last_ms,
            "inference_count": sum(size * batch["queue"].count for size, batch in batches),
            "execution_count": self._success.count,
            "inference_stats": {
                "success": self._success,
                "fail": self._fail,
                **stages,
                # There is no cache, but clients read its counts.
                "cache_hit": Count(0, 0),
                "cache_miss": Count(0, 0),
            },
            "batch_stats": [{"batch_size": size, **batch} for size, batch in batches],
        }


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

"""How fast a predictor answers and how large its file is; for benchmark.json and POST /benchmark.

Only the model is timed, from float32 batch to logits: decoding and HTTP are the same for all.
"""

from collections.abc import Callable, Sequence
from itertools import product
from math import inf
from time import perf_counter
from typing import TypeVar

import numpy as np
from pydantic import Field

from artifact.hardware import describe_hardware, library_versions
from artifact.manifest import Part, RuntimeId
from artifact.predictor import Predictor

BATCH_SIZES = (1, 8, 64)
_WARM_UP_RUNS = 20
_FEWEST_RUNS = 10

Said = TypeVar("Said")


class Latency(Part):
    """One model on one runtime at one batch size."""

    runtime: RuntimeId
    batch_size: int = Field(ge=1)
    runs: int = Field(ge=1, description="Timed, after the warm-up.")
    p50_ms: float = Field(gt=0, description="Median time of one run of the whole batch.")
    p90_ms: float = Field(gt=0)
    p99_ms: float = Field(gt=0)
    images_per_second: float = Field(gt=0, description="Batch size over the mean time.")
    bytes: int = Field(ge=1, description="Size of the model file.")


class Benchmark(Part):
    """The whole of benchmark.json."""

    hardware: str
    libraries: dict[str, str]
    threads: int = Field(ge=1, description="Of the runtime.")
    latencies: tuple[Latency, ...]

    def p50_ms(self, runtime: RuntimeId) -> float | None:
        """Median time for one picture; None where it was not measured."""
        times = (
            row.p50_ms for row in self.latencies if (row.runtime, row.batch_size) == (runtime, 1)
        )
        return next(times, None)


def measure(
    predictors: Sequence[Predictor],
    threads: int,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    seconds: float = 0.5,
    check: Callable[[], None] = lambda: None,
) -> Benchmark:
    """Time each predictor at each batch size.

    Args:
        predictors: What is timed.
        threads: That they were opened with.
        batch_sizes: Pictures in one run.
        seconds: Spent on each after its warm-up, which takes as long at most; ten runs at least.
        check: Called before every run, untimed; what it raises ends the measurement.
    """
    return Benchmark(
        hardware=describe_hardware(),
        libraries=library_versions("numpy", "onnxruntime", "torch"),
        threads=threads,
        latencies=tuple(
            _measure(predictor, batch_size, seconds, check)
            for predictor, batch_size in product(predictors, batch_sizes)
        ),
    )


def _measure(
    predictor: Predictor, batch_size: int, seconds: float, check: Callable[[], None]
) -> Latency:
    shape = (batch_size, *predictor.manifest.input.shape)
    batch = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)

    def run_once() -> float:
        check()
        start = perf_counter()
        predictor.run(batch)
        return perf_counter() - start

    repeat(run_once, seconds, most=_WARM_UP_RUNS)
    times = repeat(run_once, seconds, fewest=_FEWEST_RUNS)
    p50, p90, p99 = np.percentile(times, [50, 90, 99]) * 1000
    return Latency(
        runtime=predictor.runtime_id,
        batch_size=batch_size,
        runs=len(times),
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        images_per_second=batch_size / np.mean(times),
        bytes=predictor.manifest.files[predictor.runtime_id].bytes,
    )


def repeat(
    run_once: Callable[[], Said], seconds: float, fewest: int = 1, most: float = inf
) -> list[Said]:
    """Run again and again until the time is over; give what each run said."""
    said: list[Said] = []
    end = perf_counter() + seconds
    while len(said) < fewest or (len(said) < most and perf_counter() < end):
        said.append(run_once())
    return said

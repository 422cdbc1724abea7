"""Latency and size of every published model on every installed runtime, measured in one run.

python -m bench.latency [--models-dir models] [--seconds 0.5] [--threads 1]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from artifact.latency import Benchmark, measure
from artifact.repository import Artifact, Repository
from artifact.runtime import is_installed

COLUMNS = "{:<20} {:<12} {:>6} {:>10} {:>10} {:>10} {:>10} {:>12}"


def main() -> None:
    """Print one row a model, runtime and batch size."""
    options = _parser().parse_args()
    print(
        COLUMNS.format("model", "runtime", "batch", "p50 ms", "p90 ms", "p99 ms", "KiB", "images/s")
    )
    for artifact in Repository.scan(options.models_dir):
        for row in _rows(artifact, measure_installed(artifact, options.threads, options.seconds)):
            print(row, flush=True)


def measure_installed(artifact: Artifact, threads: int, seconds: float) -> Benchmark:
    """Measure a model on every runtime that it has a file for and that is installed here."""
    runtimes = [runtime for runtime in artifact.manifest.runtimes if is_installed(runtime)]
    predictors = [artifact.open(runtime, threads) for runtime in runtimes]
    return measure(predictors, threads, seconds=seconds)


def _rows(artifact: Artifact, benchmark: Benchmark) -> Iterator[str]:
    for latency in benchmark.latencies:
        yield COLUMNS.format(
            str(artifact),
            latency.runtime,
            latency.batch_size,
            f"{latency.p50_ms:.3f}",
            f"{latency.p90_ms:.3f}",
            f"{latency.p99_ms:.3f}",
            f"{latency.bytes / 1024:.0f}",
            f"{latency.images_per_second:.0f}",
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--seconds", type=float, default=0.5, help="for each row")
    parser.add_argument("--threads", type=int, default=1, help="of the runtime")
    return parser


if __name__ == "__main__":
    main()

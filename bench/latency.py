"""Latency and size of every published model on every installed runtime, measured in one run.

python -m bench.latency [--models-dir models] [--rounds 1] [--seconds 0.5] [--threads 1]
    [--publish-to FOLDER]

A model's own record was measured when it was published, beside whatever else ran then. With
`--publish-to` the models are published once more, to another repository, with what was measured
here: models in turn, round by round, so that what disturbs one disturbs all.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from artifact.errors import NotPublished
from artifact.latency import Benchmark, measure
from artifact.publish import fill, list_files, publish, staging, write_manifest
from artifact.repository import Artifact, Repository
from artifact.runtimes.table import is_installed
from research.output import plain, say


def main() -> None:
    """Print one row a model, runtime and batch size, and publish if --publish-to says so."""
    options = _parser().parse_args()
    artifacts = list(Repository.scan(options.models_dir))
    benchmarks = measure_in_turn(artifacts, options.threads, options.seconds, options.rounds)
    measured = list(zip(artifacts, benchmarks, strict=True))
    head = ("model", "runtime", "batch", "p50 ms", "p90 ms", "p99 ms", "KiB", "images/s")
    say(plain("<<>>>>>>", head, (row for one in measured for row in _rows(*one))))
    for artifact, benchmark in measured if options.publish_to else ():
        publish_measured(artifact, benchmark, options.publish_to)


def measure_in_turn(
    artifacts: Sequence[Artifact], threads: int, seconds: float, rounds: int
) -> list[Benchmark]:
    """Measure all models in turn, several times; of the rounds, the one with the middle median."""
    measured: list[list[Benchmark]] = [[] for _ in artifacts]
    for number in range(1, rounds + 1):
        for artifact, benchmarks in zip(artifacts, measured, strict=True):
            print(f"round {number} of {rounds}: {artifact}", file=sys.stderr)
            benchmarks.append(measure_installed(artifact, threads, seconds))
    return [_median(benchmarks) for benchmarks in measured]


def measure_installed(artifact: Artifact, threads: int, seconds: float) -> Benchmark:
    """Measure a model on every runtime that it has a file for and that is installed here."""
    runtimes = [runtime for runtime in artifact.manifest.runtimes if is_installed(runtime)]
    predictors = [artifact.open(runtime, threads) for runtime in runtimes]
    return measure(predictors, threads, seconds=seconds)


def publish_measured(artifact: Artifact, benchmark: Benchmark, root: Path) -> Artifact:
    """Publish the same version with another record of latencies.

    Args:
        artifact: To take all else from.
        benchmark: The record.
        root: Another repository than the one that it lies in.

    Raises:
        BrokenArtifact: A file is not what the manifest says.
        NotPublished: The version is there already.
    """
    if (root / str(artifact)).exists():
        raise NotPublished(f"{artifact} is in that repository already: choose another")
    with staging(root, artifact.manifest.name) as folder:
        for role in artifact.manifest.files:
            fill(folder, role, artifact.read(role))
        fill(folder, "benchmark", benchmark)
        files = list_files(folder)
        write_manifest(folder, artifact.manifest.model_copy(update={"files": files}))
        return publish(folder, root)


def _median(rounds: Sequence[Benchmark]) -> Benchmark:
    rows = zip(*(each.latencies for each in rounds), strict=True)
    middle = [sorted(row, key=lambda latency: latency.p50_ms)[len(row) // 2] for row in rows]
    return rounds[0].model_copy(update={"latencies": tuple(middle)})


def _rows(artifact: Artifact, benchmark: Benchmark) -> Iterator[tuple[str, ...]]:
    for latency in benchmark.latencies:
        yield (
            str(artifact),
            latency.runtime,
            f"{latency.batch_size}",
            f"{latency.p50_ms:.3f}",
            f"{latency.p90_ms:.3f}",
            f"{latency.p99_ms:.3f}",
            f"{latency.bytes / 1024:.0f}",
            f"{latency.images_per_second:.0f}",
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--rounds", type=int, default=1, help="over all models")
    parser.add_argument("--publish-to", type=Path, help="another model repository")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each row")
    parser.add_argument("--threads", type=int, default=1, help="of the runtime")
    return parser


if __name__ == "__main__":
    main()

"""Published models as a comparison sees them, by the test images that they name wrongly."""

from collections.abc import Collection, Mapping

import numpy as np

from artifact.latency import Benchmark, Latency
from artifact.manifest import MODEL_FILES, File, FindingName, Manifest, Role, RuntimeId
from artifact.metrics import Metrics
from artifact.statistics.comparison import Contender
from artifact.statistics.option import Option
from tests.manifests import manifest, provenance
from training.evaluation.evaluate import choose_examples, split_metrics

IMAGES = 40
LABELS = ("odd", "even")


def contender(
    name: str,
    wrong: Collection[int],
    *,
    dataset: str = "parity",
    digest: str | None = None,
    p50_ms: Mapping[RuntimeId, float] | None = None,
) -> Contender:
    """A model that names those of the forty test images wrongly."""
    labels = np.arange(IMAGES) % 2
    predicted = np.where(np.isin(np.arange(IMAGES), list(wrong)), 1 - labels, labels)
    logits = 4.0 * np.eye(2)[predicted]
    measured = split_metrics(logits, labels, LABELS)
    times = p50_ms or {"onnx": 0.1}
    return Contender(
        _manifest(name, dataset, digest, {runtime: 1000 * len(name) for runtime in times}),
        Metrics(train=measured, validation=measured, test=measured, curves=()),
        choose_examples(logits, labels, LABELS),
        Benchmark(
            hardware="a machine",
            libraries={},
            threads=1,
            latencies=tuple(_latency(runtime, time) for runtime, time in times.items()),
        ),
    )


def option(  # noqa: PLR0913 - what a test does not name does not matter to it
    model: str,
    wrong: Collection[int],
    *,
    kib: float = 100,
    ms: float | None = 1.0,
    runtime: RuntimeId = "onnx",
    images: int = 400,
    findings: tuple[FindingName, ...] = (),
) -> Option:
    """Even pictures show a cat, odd ones a dog; those of `wrong` are named as the other."""
    cats, dogs = (sum(place % 2 == side for place in wrong) for side in (0, 1))
    half = images // 2
    return Option(
        model=model,
        runtime=runtime,
        bytes=round(1024 * kib),
        p50_ms=ms,
        labels=("cat", "dog"),
        confusion=((half - cats, cats), (dogs, half - dogs)),
        wrong=frozenset(wrong),
        findings=findings,
    )


def _latency(runtime: RuntimeId, time: float) -> Latency:
    return Latency(
        runtime=runtime,
        batch_size=1,
        runs=10,
        p50_ms=time,
        p90_ms=time,
        p99_ms=time,
        images_per_second=1000 / time,
        bytes=1000,
    )


def _manifest(
    name: str, dataset: str, digest: str | None, files: Mapping[RuntimeId, int]
) -> Manifest:
    described: dict[Role, File] = {
        runtime: File(path=MODEL_FILES[runtime], sha256="a" * 64, bytes=size)
        for runtime, size in files.items()
    }
    return manifest(name, LABELS, described, provenance(dataset, IMAGES, digest))

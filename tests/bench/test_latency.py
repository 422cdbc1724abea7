from pathlib import Path

import pytest

from artifact.errors import NotPublished
from artifact.latency import Benchmark
from artifact.manifest import PATHS, Role
from artifact.repository import Artifact, Repository
from bench.latency import measure_in_turn, publish_measured
from tests.known_answer import publish_known_answer


@pytest.fixture
def published(tmp_path: Path) -> list[Artifact]:
    models = tmp_path / "models"
    return [publish_known_answer(models, name, runtimes=["onnx"]) for name in ("one", "two")]


@pytest.fixture
def measured(published: list[Artifact]) -> list[Benchmark]:
    return measure_in_turn(published, threads=1, seconds=0.001, rounds=3)


def test_every_model_is_measured_on_every_runtime_at_every_batch_size(
    published: list[Artifact], measured: list[Benchmark]
) -> None:
    for artifact, benchmark in zip(published, measured, strict=True):
        rows = [(row.runtime, row.batch_size) for row in benchmark.latencies]
        assert rows == [(r, b) for r in artifact.manifest.runtimes for b in (1, 8, 64)]


def test_model_is_published_with_what_was_measured_and_nothing_else_changed(
    published: list[Artifact], measured: list[Benchmark], tmp_path: Path
) -> None:
    publish_measured(published[0], measured[0], tmp_path / "again")
    again = Repository.scan(tmp_path / "again").get("one")
    assert again.document("benchmark", Benchmark) == measured[0]
    others: set[Role] = PATHS.keys() & published[0].manifest.files.keys() - {"benchmark"}
    assert {role: again.read(role) for role in others} == {
        role: published[0].read(role) for role in others
    }
    changed = {"files": again.manifest.files}
    assert again.manifest == published[0].manifest.model_copy(update=changed)


def test_repository_that_holds_the_model_is_refused(
    published: list[Artifact], measured: list[Benchmark], tmp_path: Path
) -> None:
    with pytest.raises(NotPublished, match="one/1 is in that repository already"):
        publish_measured(published[0], measured[0], tmp_path / "models")

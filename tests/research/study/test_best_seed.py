"""`python -m research seeds`: every seed a run of its own, the best on validation published."""

import shutil
import statistics
from pathlib import Path

import pytest

from artifact.metrics import Metrics
from artifact.repository import Artifact, Repository
from research.__main__ import main
from research.study.seeds import best_on_validation, spread
from tests.outcomes import outcome
from training.checkpoint import FILE
from training.config import Places, RunConfig
from training.run import train

OPTIONS = ("--epochs", "2", "--batch-size", "32")
CONFIG = RunConfig(epochs=2, batch_size=32)
SEEDS = 3


def test_spread_is_that_of_a_sample() -> None:
    tests = (0.995, 0.996, 0.994)
    found = spread({seed: outcome({"seed": seed}, test=test) for seed, test in enumerate(tests)})
    assert found.mean == pytest.approx(statistics.mean(tests))
    assert found.standard_deviation == pytest.approx(statistics.stdev(tests))
    assert found.test_accuracy == {0: 0.995, 1: 0.996, 2: 0.994}


def places(folder: Path) -> tuple[str, ...]:
    return ("--runs-dir", str(folder / "runs"), "--models-dir", str(folder / "models"))


def seeds(folder: Path, *options: str) -> int:
    count = ("--seeds", str(SEEDS))
    return main(["seeds", *count, *OPTIONS, *places(folder), "--publish-flawed", *options])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the second of the seeds had been trained before."""
    folder = tmp_path_factory.mktemp("seeds")
    train(CONFIG.model_copy(update={"seed": 1}), Places(runs_dir=folder / "runs"))
    return folder


@pytest.fixture(scope="module")
def known(folder: Path) -> int:
    """When the run that was there already was last written."""
    return checkpoint(folder, 1).stat().st_mtime_ns


@pytest.fixture(scope="module")
def published(folder: Path, known: int) -> Artifact:  # noqa: ARG001 - it is looked at before
    assert seeds(folder) == 0
    return Repository.scan(folder / "models").get("digits-mobilenet")


def checkpoint(folder: Path, seed: int) -> Path:
    return folder / "runs" / f"mobilenet-digits-seed{seed}" / FILE


def test_best_on_validation_is_published(published: Artifact) -> None:
    found = published.document("metrics", Metrics).seeds
    assert found is not None
    assert found.validation_accuracy is not None
    assert [*found.test_accuracy] == [*found.validation_accuracy] == [0, 1, 2]
    best = max(found.validation_accuracy.values())
    chosen = published.manifest.provenance.seed
    assert found.validation_accuracy[chosen] == best
    assert published.document("metrics", Metrics).test.accuracy == found.test_accuracy[chosen]


def test_every_seed_has_what_it_gets_alone(published: Artifact, folder: Path) -> None:
    found = published.document("metrics", Metrics).seeds
    assert found is not None
    for seed, accuracy in found.test_accuracy.items():
        config = CONFIG.model_copy(update={"seed": seed})
        alone = train(config, Places(runs_dir=folder / "runs"))
        assert alone.assessment.metrics.test.accuracy == accuracy


def test_finished_run_is_taken_over(published: Artifact, folder: Path, known: int) -> None:
    assert str(published) == "digits-mobilenet/1"
    assert all(checkpoint(folder, seed).exists() for seed in range(SEEDS))
    assert checkpoint(folder, 1).stat().st_mtime_ns == known


def test_run_of_other_values_is_refused_and_nothing_published(
    published: Artifact, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert str(published) == "digits-mobilenet/1"
    assert seeds(folder, "--learning-rate", "0.5") == 1
    told = capsys.readouterr().err
    assert "nothing was published: mobilenet, seed 0: run 'mobilenet-digits-seed0'" in told
    assert "learning_rate 0.01 -> 0.5" in told
    assert [path.name for path in (folder / "models" / "digits-mobilenet").iterdir()] == ["1"]


def test_run_name_is_followed_by_the_seed(
    published: Artifact, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert str(published) == "digits-mobilenet/1"
    shutil.copytree(folder / "runs" / "mobilenet-digits-seed0", tmp_path / "runs" / "trial-seed0")
    assert seeds(tmp_path, "--run-name", "trial", "--learning-rate", "0.5") == 1
    assert "mobilenet, seed 0: run 'trial-seed0' was started with" in capsys.readouterr().err


def test_among_equals_on_validation_the_lowest_loss_is_best() -> None:
    outcomes = {
        seed: outcome({"seed": seed}, validation=validation, loss=loss, test=test)
        for seed, (validation, loss, test) in enumerate(
            [(0.98, 0.1, 0.99), (0.99, 0.2, 0.95), (0.99, 0.1, 0.97), (0.99, 0.3, 0.999)]
        )
    }
    assert best_on_validation(outcomes) == 2

"""A network is never published as one of data that it has not learnt from."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from artifact.manifest import Manifest
from artifact.metrics import Examples, Metrics
from artifact.repository import Repository
from artifact.statistics.comparison import Contender, compare_models
from research.__main__ import main as research
from tests.identities import DATA
from tests.pictures import draw, draw_folder
from tests.training.data.changes import draw_one, drawn_anew, move
from training.__main__ import main as training
from training.checkpoint import FILE

OPTIONS = ("--dataset", "folder", "--side", "12", "--batch-size", "8", "--epochs", "1")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `first` has been learnt, under the default name and under those of other runs."""
    place = tmp_path_factory.mktemp("learnt")
    assert train(place, draw_folder(place / "first")) == 0
    [run] = (place / "runs").glob("mobilenet-*")
    for name in ("mine", "trial-seed0"):
        shutil.copytree(run, run.with_name(name))
    return place


@pytest.fixture
def place(learnt: Path, tmp_path: Path) -> Path:
    """A copy of it to work in."""
    return shutil.copytree(learnt, tmp_path / "place")


def train(place: Path, pictures: Path, *options: str) -> int:
    return training(["run", *command(place, pictures, *options)])


def command(place: Path, pictures: Path, *options: str) -> list[str]:
    where = ("--runs-dir", f"{place}/runs", "--models-dir", f"{place}/models")
    return [*OPTIONS, "--data-dir", str(pictures), *where, "--publish-flawed", *options]


def published(place: Path) -> dict[str, Manifest]:
    return {str(each): each.manifest for each in Repository.scan(place / "models")}


def one_class_more(root: Path) -> None:
    for number in range(900, 910):
        for part in ("train", "test"):
            draw(root / part / "star" / f"{number}.png", len(part), number)


CHANGES = pytest.mark.parametrize(
    ("change", "told"),
    [
        (draw_one("train/bar/more.png"), "pictures 84 -> 85."),
        (drawn_anew(first=100), "pictures 84 -> 84 (as many, but not the same or not of the same"),
        (
            drawn_anew(labels=("ant", "cat", "dog")),
            "labels bar, circle, line -> ant, cat, dog; pictures",
        ),
        (one_class_more, "labels bar, circle, line -> bar, circle, line, star; pictures 84 -> 104"),
        (move(("train/bar/000.png", "train/line/0.png")), "pictures 84 -> 84 (as many, but not"),
        (draw_one("test/bar/020.png"), "pictures 84 -> 84 (as many"),
    ],
    ids=["more", "others", "other-labels", "one-class-more", "one-label", "one-of-test"],
)
COMMANDS = pytest.mark.parametrize(
    "run",
    [
        lambda place, data: train(place, data, "--resume", "--model-name", "new"),
        lambda place, data: train(place, data, "--resume", "--run-name", "mine"),
        lambda place, data: train(place, data, "--run-name", "new"),
        lambda place, data: train(place, data, "--architecture", "conv", "--teacher", "mobilenet"),
        lambda place, data: research(
            ["seeds", "--seeds", "2", *command(place, data, "--run-name", "trial")]
        ),
    ],
    ids=["resume", "resume-by-name", "publish-as-next-version", "teacher", "seeds"],
)


@CHANGES
@COMMANDS
def test_other_data_under_an_old_name_is_refused_with_both_named(
    run: Callable[[Path, Path], int],
    change: Callable[[Path], None],
    told: str,
    place: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = published(place)
    data = draw_folder(place / "first")
    change(data)
    assert run(place, data) == 1
    message = capsys.readouterr().err.splitlines()[-1]
    assert "learnt from other data: from first (" in message
    assert message.count("first (") == 2
    assert told in message
    assert published(place) == before


def test_same_pictures_under_other_names_are_the_same_data(place: Path) -> None:
    data = draw_folder(place / "second")
    for number, path in enumerate(sorted((data / "train" / "bar").iterdir())):
        path.rename(path.with_name(f"{99 - number}.png"))
    assert train(place, data, "--resume", "--model-name", "first-mobilenet") == 0
    first, second = (published(place)[f"first-mobilenet/{version}"] for version in (1, 2))
    assert first.provenance.data_sha256 == second.provenance.data_sha256
    assert first.files["onnx"] == second.files["onnx"]


def test_models_of_one_data_set_at_two_sizes_are_compared(place: Path) -> None:
    data = draw_folder(place / "first")
    assert train(place, data, "--side", "16", "--mode", "RGB", "--run-name", "larger") == 0
    [group] = compare_models(
        Contender(
            one.manifest, one.document("metrics", Metrics), one.document("examples", Examples), None
        )
        for one in Repository.scan(place / "models")
    ).groups
    assert (group.dataset, group.test_images) == ("first", 24)
    assert [model.model for model in group.models] == ["first-mobilenet/1", "first-mobilenet/2"]


def test_two_folders_are_two_models(place: Path) -> None:
    assert train(place, draw_folder(place / "second", first=50)) == 0
    assert [*published(place)] == ["first-mobilenet/1", "second-mobilenet/1"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": None, "data": None}, "an older version of Tandem (format 1, accepted is 2)"),
        ({"format": 3}, "a newer version of Tandem (format 3, accepted is 2)"),
        ({"data": None}, "cannot be read: delete it to start over"),
        ({"history": None}, "cannot be read: delete it to start over"),
        ({"trainer": {}}, "cannot be read: delete it to start over"),
    ],
    ids=["older", "newer", "no-data", "no-history", "no-trainer"],
)
def test_checkpoint_that_is_not_understood_is_refused_in_words(
    change: dict[str, Any], told: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = place / "runs" / "mine" / FILE
    state = torch.load(path, weights_only=True) | change
    torch.save({name: value for name, value in state.items() if value is not None}, path)
    assert train(place, place / "first", "--run-name", "mine", "--resume") == 1
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"dataset": "renamed"}, ""),
        ({"labels": ("a", "c")}, "labels a, b -> a, c"),
        ({"pictures": 70, "sha256": "c" * 64}, "pictures 60 -> 70"),
        ({"test_sha256": "c" * 64}, "the pictures of the test part"),
        ({"sha256": None, "test_sha256": "c" * 64}, "pictures 60 -> 60 (as many"),
        ({"sha256": None}, ""),
        ({"seed": 1, "train_ratio": 0.9}, "split's train_ratio 0.8 -> 0.9; split's seed 0 -> 1"),
        ({"preprocessing": {}}, "preprocessing's mode L -> None"),
    ],
)
def test_what_differs_is_named(change: dict[str, Any], told: str) -> None:
    found = DATA.differences(DATA.model_copy(update=change))
    assert found.startswith(told)
    assert bool(found) == bool(told)

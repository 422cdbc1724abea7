"""Predictions and pictures are published with a run, and added to a model from before them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from artifact.datasets import Datasets
from artifact.metrics import Metrics
from artifact.predictions import Predictions
from artifact.repository import MANIFEST, Artifact, Repository
from tests.pictures import draw_folder
from training import data
from training.__main__ import main
from training.config import Places, RunConfig
from training.run import run
from vision.decode import decode

CONFIG = RunConfig(dataset="folder", side=12, mode="RGB", epochs=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of own pictures, in colour."""
    folder = tmp_path_factory.mktemp("own")
    draw_folder(folder / "stamps")
    places = Places(
        data_dir=folder / "stamps", runs_dir=folder / "runs", models_dir=folder / "models"
    )
    run(CONFIG, places, publish_flawed=True)
    return folder


def model_in(folder: Path) -> Artifact:
    return Repository.scan(folder / "models").get("stamps-mobilenet")


@pytest.fixture
def older(trained: Path, tmp_path: Path) -> Path:
    """The same model as it was published before there were predictions."""
    shutil.copytree(trained / "models", tmp_path / "models")
    shutil.rmtree(tmp_path / "models" / "_datasets")
    place = model_in(tmp_path).folder
    (place / "predictions.json").unlink()
    manifest = json.loads((place / MANIFEST).read_text())
    del manifest["files"]["predictions"]
    (place / MANIFEST).write_text(json.dumps(manifest))
    return tmp_path


def add(older: Path, pictures: Path) -> int:
    places = ("--models-dir", str(older / "models"), "--data-dir", str(pictures))
    return main(["predictions", *places])


def test_run_publishes_its_predictions_and_the_pictures(trained: Path) -> None:
    model = model_in(trained)
    answered = model.document("predictions", Predictions)
    test = model.document("metrics", Metrics).test
    assert answered.confusion_matrix.tolist() == [list(row) for row in test.confusion_matrix]
    stored = Datasets.scan(trained / "models").of(model.manifest)
    assert stored is not None
    pictures = stored.dataset
    assert (pictures.name, pictures.mode, pictures.side) == ("stamps", "RGB", 12)
    assert pictures.data_sha256 == model.manifest.provenance.data_sha256
    assert pictures.true == answered.true
    assert pictures.licence is None


def test_published_picture_is_the_one_that_was_tested(trained: Path) -> None:
    dataset = data.load("folder", trained / "stamps", side=12, mode="RGB")
    stored = Datasets.scan(trained / "models").get("stamps")
    for index in (0, 9, 23):
        shown = decode(stored.picture(index)).pixels
        assert np.array_equal(shown.transpose(2, 0, 1), dataset.test.pixels[index].numpy())


def test_model_from_before_gets_what_a_run_would_have_published(
    trained: Path, older: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(older, trained / "stamps") == 0
    assert "stamps-mobilenet/1: 24 predictions added" in capsys.readouterr().out
    now, before = (model_in(each).document("predictions", Predictions) for each in (older, trained))
    assert now.predicted == before.predicted
    assert now.probability == pytest.approx(before.probability, abs=1e-4)
    assert Datasets.scan(older / "models").of(model_in(older).manifest) is not None
    assert add(older, trained / "stamps") == 0
    assert "has its predictions" in capsys.readouterr().out


def test_other_pictures_than_the_tested_ones_are_refused(
    older: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = model_in(older).manifest
    other = draw_folder(tmp_path / "other", first=100)
    assert add(older, other) == 1
    assert "was tested on other pictures" in capsys.readouterr().err
    assert model_in(older).manifest == before


def test_model_that_answers_otherwise_than_its_metrics_is_refused(
    trained: Path, older: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def darker(pixels: Tensor) -> Tensor:
        return torch.zeros_like(pixels, dtype=torch.float32)

    monkeypatch.setattr("training.data.normalization.to_unit", darker)
    assert add(older, trained / "stamps") == 1
    assert "answers otherwise" in capsys.readouterr().err
    assert "predictions" not in model_in(older).manifest.files

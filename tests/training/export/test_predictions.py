"""What a run publishes beside its model: what it answered to the test pictures, and these."""

from pathlib import Path

import numpy as np
import pytest

from artifact.datasets import Datasets
from artifact.metrics import Metrics
from artifact.predictions import Predictions
from artifact.repository import Artifact, Repository
from tests.pictures import draw_folder
from training import data
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

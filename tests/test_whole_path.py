"""From training over publishing to an answer over HTTP."""

from collections.abc import Iterator

import numpy as np
import pytest
from fastapi.testclient import TestClient

from artifact.metrics import Metrics
from service.app import create_app
from service.settings import Settings
from training import data
from training.config import Places, RunConfig
from training.export.parity import encode
from training.run import run


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    folder = tmp_path_factory.mktemp("path")
    return Places(runs_dir=folder / "runs", models_dir=folder / "models")


@pytest.fixture(scope="module")
def metrics(places: Places) -> Metrics:
    config = RunConfig(architecture="conv1-mobile3", epochs=3, batch_size=32, learning_rate=0.02)
    return run(config, places).document("metrics", Metrics)


@pytest.fixture(scope="module")
def client(places: Places, metrics: Metrics) -> Iterator[TestClient]:
    assert metrics.test.accuracy > 0.5
    with TestClient(create_app(Settings(models_dir=places.models_dir))) as client:
        yield client


@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8", "torchscript"])
def test_answers_over_http_are_as_right_as_training_published(
    client: TestClient, places: Places, metrics: Metrics, runtime: str
) -> None:
    measured = metrics.quantised if runtime == "onnx-int8" else metrics
    assert measured is not None
    test = data.load("digits", places.data_dir).test
    counts = np.zeros((10, 10), int)
    for picture, label in zip(test.pixels, test.labels.tolist(), strict=True):
        answer = client.post(
            f"/predict?runtime={runtime}",
            content=encode(picture),
            headers={"Content-Type": "image/png"},
        )
        counts[label, int(answer.json()["label"])] += 1
    assert counts.tolist() == [list(row) for row in measured.test.confusion_matrix]

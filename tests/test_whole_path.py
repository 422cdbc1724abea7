"""From training over publishing to an answer over HTTP."""

from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from artifact.metrics import Metrics
from service.app import create_app
from service.settings import Settings
from training import data
from training.config import Places, RunConfig
from training.parity import encode
from training.run import run


@pytest.mark.parametrize("runtime", ["onnx", "torchscript"])
def test_answers_over_http_are_as_right_as_training_published(tmp_path: Path, runtime: str) -> None:
    config = RunConfig(architecture="conv1-mobile3", epochs=3, batch_size=32, learning_rate=0.02)
    places = Places(runs_dir=tmp_path / "runs", models_dir=tmp_path / "models")
    metrics = run(config, places).document("metrics", Metrics)
    test = data.load("digits", places.data_dir).test
    counts = np.zeros((10, 10), int)
    with TestClient(create_app(Settings(models_dir=places.models_dir))) as client:
        for picture, label in zip(test.pixels, test.labels.tolist(), strict=True):
            answer = client.post(
                f"/predict?runtime={runtime}",
                content=encode(picture),
                headers={"Content-Type": "image/png"},
            )
            counts[label, int(answer.json()["label"])] += 1
    assert counts.tolist() == [list(row) for row in metrics.test.confusion_matrix]

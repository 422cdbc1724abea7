"""Models of 200 classes of small colour pictures: published whole, and right by chance alone."""

from pathlib import Path
from typing import Final

import numpy as np
from onnx import helper

from artifact.datasets import DatasetDescription
from artifact.manifest import Linear, Manifest
from artifact.metrics import Calibration, Metrics
from artifact.predictions import Predictions
from artifact.publish import fill, list_files, publish, staging, write_manifest
from artifact.scores import softmax
from tests.manifests import manifest, provenance
from tests.onnx_files import onnx_file
from training.evaluation.evaluate import choose_examples, reliability, split_metrics
from training.export.sprites import publish_pictures
from vision.input import Input

CLASSES: Final = 200
LABELS: Final = (*(f"bird {number:03}" for number in range(1, CLASSES)), "bird of " + 150 * "x")
PICTURES: Final = 600
SIDE: Final = 16
TEST_SHA256: Final = "b" * 64


def publish_many_classes(root: Path, name: str, seed: int) -> None:
    """Publish a model whose answers, four of five right, a draw decides."""
    draw = np.random.default_rng(seed)
    true = np.arange(PICTURES) % CLASSES
    logits = draw.normal(size=(PICTURES, CLASSES)).astype(np.float32)
    logits[np.arange(PICTURES), np.where(draw.random(PICTURES) < 0.8, true, true // 2)] += 8
    test = split_metrics(logits, true, LABELS)
    told = reliability(logits, true)
    calibration = Calibration(before=told, after=told)
    with staging(root, name) as folder:
        fill(folder, "onnx", _model(draw))
        metrics = Metrics(
            train=test, validation=test, test=test, curves=(), calibration=calibration
        )
        fill(folder, "metrics", metrics)
        fill(folder, "examples", choose_examples(logits, true, LABELS))
        fill(folder, "predictions", Predictions.of(LABELS, true, softmax(logits)))
        write_manifest(folder, _manifest(folder, name))
        publish(folder, root)


def publish_their_pictures(root: Path) -> None:
    """Publish the test pictures of all such models, in colours that a draw decides."""
    pixels = np.random.default_rng(0).integers(0, 256, (PICTURES, 3, SIDE, SIDE), np.uint8)
    about = DatasetDescription(
        title="birds",
        data_sha256="a" * 64,
        test_sha256=TEST_SHA256,
        labels=LABELS,
        true=tuple(place % CLASSES for place in range(PICTURES)),
        source="a folder of pictures",
        licence=None,
    )
    publish_pictures(root, "birds", about, pixels)


def _model(draw: np.random.Generator) -> bytes:
    weights = draw.normal(size=(CLASSES, 3, SIDE, SIDE)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["pixels", "weights"], ["sums"]),
        helper.make_node("Flatten", ["sums"], ["logits"]),
    ]
    source, target = ("pixels", ("N", 3, SIDE, SIDE)), ("logits", ("N", CLASSES))
    return onnx_file(nodes, source, target, {"weights": weights})


def _manifest(folder: Path, name: str) -> Manifest:
    weights = CLASSES * 3 * SIDE * SIDE
    return manifest(
        name,
        LABELS,
        list_files(folder),
        provenance("birds", PICTURES, TEST_SHA256, data_sha256="a" * 64),
        architecture=Linear(
            features="pixels", width=3 * SIDE * SIDE, parameters=weights, macs=weights
        ),
        input=Input(
            shape=(3, SIDE, SIDE), mode="RGB", mean=(0,) * 3, std=(1,) * 3, preprocess="resize"
        ),
    )

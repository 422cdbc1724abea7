"""Add to published models what they answer to every test picture, without training them again."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast, get_args

import numpy as np
from pydantic import Field

from artifact.manifest import Name, Part
from artifact.metrics import Examples, Metrics
from artifact.predictions import Predictions
from artifact.publish import add
from artifact.repository import Artifact, Repository
from training import data
from training.config import DatasetName, Mode
from training.data import Dataset
from training.data.normalization import Normalization
from training.errors import OutputError, ParityError
from training.evaluation.assessment import predictions
from training.export.publication import publish_test_pictures


class AdditionConfig(Part):
    """Which published models, and where the pictures that they were tested on lie."""

    models_dir: Path = Field(Path("models"), description="The model repository.")
    data_dir: Path = Field(Path("data"), description="Holds the data set of these models.")
    model: tuple[Name, ...] = Field((), description="Names; by default every model.")


def add_predictions(config: AdditionConfig) -> Iterator[str]:
    """Run published models on their test pictures and publish what they answer, one by one.

    Every version that has its predictions stays as it is.

    Yields:
        What was done, a line for each model.

    Raises:
        BrokenArtifact: A model cannot be read.
        DatasetError: Its data set cannot be read.
        NotPublished: The folder cannot be written.
        OutputError: The data set is not the one that the model was tested on.
        ParityError: It answers otherwise than its metrics and examples say.
    """

    @cache
    def load(name: DatasetName, side: int, mode: Mode) -> Dataset:
        return data.load(name, config.data_dir, side, mode)

    for artifact in Repository.scan(config.models_dir):
        if config.model and artifact.manifest.name not in config.model:
            continue
        if "predictions" in artifact.manifest.files:
            yield f"{artifact} has its predictions"
            continue
        spec = artifact.manifest.input
        dataset = load(_dataset_of(artifact), spec.shape[1], spec.mode)
        answered = answers(artifact, dataset)
        add(artifact, "predictions", answered)
        pictures = publish_test_pictures(dataset, config.models_dir)
        yield f"{artifact}: {len(answered):,} predictions added; their pictures are {pictures}"


def _dataset_of(artifact: Artifact) -> DatasetName:
    named = artifact.manifest.provenance.config.get("dataset")
    if named not in get_args(DatasetName):
        raise OutputError(
            f"{artifact} was made by another command, which publishes predictions itself: run "
            "`tandem decide` again"
        )
    return cast("DatasetName", named)


def answers(artifact: Artifact, dataset: Dataset) -> Predictions:
    """What a published model answers to the test pictures, on its first runtime.

    Raises:
        OutputError: They are not the pictures that the model was tested on.
        ParityError: It answers otherwise than its metrics and examples say.
    """
    tested, spec = artifact.manifest.provenance.split.test_sha256, artifact.manifest.input
    if tested not in (None, dataset.test_sha256):
        raise OutputError(
            f"{artifact} was tested on other pictures: its manifest has the digest {tested}, and "
            f"the test pictures of {dataset.name} have {dataset.test_sha256}"
        )
    inputs = Normalization(spec.mean, spec.std).inputs(dataset.test.pixels)
    logits = artifact.open(artifact.manifest.runtimes[0]).run(inputs.numpy())
    answered = predictions(dataset, logits, artifact.manifest.temperature)
    metrics, examples = artifact.find("metrics", Metrics), artifact.find("examples", Examples)
    agrees = metrics is None or np.array_equal(
        answered.confusion_matrix, metrics.test.confusion_matrix
    )
    wrong = set(np.flatnonzero(~answered.right).tolist())
    if not agrees or (examples and wrong != {each.index for each in examples.wrong}):
        raise ParityError(f"{artifact} answers otherwise here than its metrics and examples say")
    return answered

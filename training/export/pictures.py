"""What the page's galleries need: every test picture once, and each model's answer to it."""

from pathlib import Path

from scipy.special import softmax

from artifact.datasets import DatasetDescription, StoredDataset
from artifact.predictions import Predictions
from training.config import slug
from training.data import Dataset
from training.evaluation.assessment import Logits
from training.export.sprites import publish_pictures


def publish_test_pictures(dataset: Dataset, models: Path) -> StoredDataset:
    """Publish the test pictures beside the models, unless they are there.

    Raises:
        BrokenArtifact: The directory cannot be read.
        NotPublished: It cannot be written.
    """
    about = DatasetDescription(
        title=dataset.name,
        data_sha256=dataset.sha256,
        test_sha256=dataset.test_sha256,
        labels=dataset.labels,
        true=tuple(dataset.test.labels.tolist()),
        disputed=tuple(sorted(dataset.disputed)),
        source=dataset.credit.source,
        licence=dataset.credit.licence,
    )
    return publish_pictures(models, slug(dataset.name), about, dataset.test.pixels.numpy())


def predictions(dataset: Dataset, logits: Logits, temperature: float) -> Predictions:
    """A model's answers to the test pictures."""
    probabilities = softmax(logits.astype(float) / temperature, axis=1)
    return Predictions.of(dataset.labels, dataset.test.truth, probabilities)

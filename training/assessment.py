"""How good a trained network is, on every part of its data set, as it will be served."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from artifact.manifest import Rejection, ScoreName
from artifact.metrics import Epoch, Examples, Metrics, SplitMetrics
from artifact.scores import SCORES
from training import evaluate
from training.data import Images, Split
from training.logits import pixel_logits
from training.normalization import Normalization
from training.rejection import fit_rejection

_SCORE: ScoreName = "max-logit"  # of those compared in docs/REJECTION.md, the one that tells best


@dataclass(frozen=True)
class Assessment:
    """What was found.

    Attributes:
        temperature: Fitted on validation; the metrics describe the logits divided by it.
        rejection: Fitted on validation, judged by outliers.
        metrics: Of all three parts.
        examples: Of the test images.
        test_logits: [N, classes], before the temperature.
    """

    temperature: float
    rejection: Rejection
    metrics: Metrics
    examples: Examples
    test_logits: NDArray[np.float32]


def assess(
    network: nn.Module,
    normalization: Normalization,
    split: Split,
    labels: tuple[str, ...],
    curves: tuple[Epoch, ...],
) -> Assessment:
    """Run every image once through the network; the rest is arithmetic on the logits.

    Args:
        network: With its final weights, on the device of the images.
        normalization: Of its input.
        split: All images, and the outliers to be judged on.
        labels: Name of each class.
        curves: Of the training, to be kept beside the metrics.
    """

    def logits_of(pixels: Tensor) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = pixel_logits(network, pixels, normalization).cpu().numpy()
        return logits

    def score_of(logits: NDArray[np.float32]) -> NDArray[np.floating]:
        return SCORES[_SCORE](logits / np.float32(temperature))

    def metrics_of(images: Images, logits: NDArray[np.float32]) -> SplitMetrics:
        return evaluate.split_metrics(logits / temperature, truth(images), labels)

    train, validation, test = map(
        logits_of, (split.train.pixels, split.validation.pixels, split.test.pixels)
    )
    temperature = evaluate.fit_temperature(validation, truth(split.validation))
    return Assessment(
        temperature=temperature,
        rejection=fit_rejection(
            _SCORE,
            score_of(validation),
            {kind: score_of(logits_of(pixels)) for kind, pixels in split.outliers.judged.items()},
        ),
        metrics=Metrics(
            train=metrics_of(split.train, train),
            validation=metrics_of(split.validation, validation),
            test=metrics_of(split.test, test),
            curves=curves,
        ),
        examples=evaluate.choose_examples(test / temperature, truth(split.test), labels, seed=0),
        test_logits=test,
    )


def truth(images: Images) -> NDArray[np.int64]:
    """The labels as an array."""
    labels: NDArray[np.int64] = images.labels.cpu().numpy()
    return labels

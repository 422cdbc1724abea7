"""How good a trained network is, on every part of its data set, as it will be served."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from artifact.manifest import Rejection
from artifact.metrics import Epoch, Examples, Metrics, SplitMetrics
from artifact.predictor import softmax
from training import evaluate
from training.data import Images, Split
from training.logits import network_logits
from training.normalization import Normalization

_ACCEPTED = 0.995  # share of validation pictures that the model must not decline
_DIGITS = 1e6  # a threshold is rounded down: the service computes in other precision


@dataclass(frozen=True)
class Assessment:
    """What was found.

    Attributes:
        temperature: Fitted on validation; the metrics describe the logits divided by it.
        rejection: Fitted on validation.
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
        split: All images.
        labels: Name of each class.
        curves: Of the training, to be kept beside the metrics.
    """

    def logits_of(images: Images) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = network_logits(network, images, normalization).cpu().numpy()
        return logits

    def metrics_of(images: Images, logits: NDArray[np.float32]) -> SplitMetrics:
        return evaluate.split_metrics(logits / temperature, truth(images), labels)

    train, validation, test = map(logits_of, (split.train, split.validation, split.test))
    temperature = evaluate.fit_temperature(validation, truth(split.validation))
    return Assessment(
        temperature=temperature,
        rejection=fit_rejection(softmax(validation / np.float32(temperature))),
        metrics=Metrics(
            train=metrics_of(split.train, train),
            validation=metrics_of(split.validation, validation),
            test=metrics_of(split.test, test),
            curves=curves,
        ),
        examples=evaluate.choose_examples(test / temperature, truth(split.test), labels, seed=0),
        test_logits=test,
    )


def fit_rejection(probabilities: NDArray[np.float32]) -> Rejection:
    """The highest threshold that still accepts nearly all validation pictures.

    Args:
        probabilities: Of the validation pictures, [N, classes], after the temperature.
    """
    exact = evaluate.rejection_threshold(probabilities, _ACCEPTED)
    threshold = math.floor(exact * _DIGITS) / _DIGITS
    accepted = float((probabilities.max(axis=1) >= threshold).mean())
    return Rejection(score="max-softmax", threshold=threshold, accepted=accepted)


def truth(images: Images) -> NDArray[np.int64]:
    """The labels as an array."""
    labels: NDArray[np.int64] = images.labels.cpu().numpy()
    return labels

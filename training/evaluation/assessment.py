"""How good a trained network is, on every part of its data set, as it will be served."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from torch import Tensor, nn

from artifact.manifest import Finding, Rejection
from artifact.metrics import Epoch, Examples, Metrics
from artifact.predictions import Predictions
from training.data import Dataset, Split, sample
from training.data.normalization import Normalization
from training.evaluation import evaluate
from training.evaluation.flaws import find_flaws, statistics_differ
from training.evaluation.logits import network_logits
from training.evaluation.rejection import fit_rejection, score

Logits = NDArray[np.float32]

_SAMPLE = 1024  # training images, to look at the network in training mode too


@dataclass(frozen=True)
class Assessment:
    """What was found."""

    temperature: float  # fitted on validation; the metrics describe the logits divided by it
    rejection: Rejection  # fitted on validation, judged by outliers
    metrics: Metrics
    examples: Examples
    test_logits: Logits  # [N, classes], before the temperature
    findings: tuple[Finding, ...] = ()  # what is wrong with the network or these figures


def assess(
    network: nn.Module,
    normalization: Normalization,
    split: Split,
    labels: tuple[str, ...],
    curves: Sequence[Epoch],
) -> Assessment:
    """Run every image once through the network; the rest is arithmetic on the logits."""

    def logits_of(pixels: Tensor) -> Logits:
        logits: Logits = network_logits(network, pixels, normalization).cpu().numpy()
        return logits

    parts = {"train": split.train, "validation": split.validation, "test": split.test}
    logits = {part: logits_of(images.pixels) for part, images in parts.items()}
    truth = {part: images.truth for part, images in parts.items()}
    temperature = evaluate.fit_temperature(logits["validation"], truth["validation"])
    served = {part: values / temperature for part, values in logits.items()}
    metrics = Metrics(
        **{part: evaluate.split_metrics(served[part], truth[part], labels) for part in parts},
        curves=tuple(curves),
        calibration=evaluate.calibration(logits["test"], truth["test"], temperature),
    )
    outliers = {kind: logits_of(pixels) for kind, pixels in split.outliers.judged.items()}
    return Assessment(
        temperature=temperature,
        rejection=fit_rejection(
            score(logits["validation"], temperature),
            {kind: score(values, temperature) for kind, values in outliers.items()},
        ),
        metrics=metrics,
        examples=evaluate.choose_examples(served["test"], truth["test"], labels, split.disputed),
        test_logits=logits["test"],
        findings=(
            *find_flaws(np.concatenate([*logits.values()]), metrics, labels),
            *statistics_differ(network, normalization, sample(split.train, _SAMPLE)),
        ),
    )


def predictions(dataset: Dataset, logits: Logits, temperature: float) -> Predictions:
    """A model's answers to the test pictures, of its logits [N, classes] before the temperature."""
    probabilities = softmax(logits.astype(float) / temperature, axis=1)
    return Predictions.of(dataset.labels, dataset.test.truth, probabilities)

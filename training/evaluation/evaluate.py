"""How good a network is: every figure a pure function of all its logits, computed once.

Throughout, `logits` is float [N, K] and `labels` is integer [N] with values 0..K-1. Whatever rests
on probabilities (loss, calibration error, examples) describes the logits as they are: divide them
by the temperature first to describe the model as it is served.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from artifact.metrics import (
    Bin,
    Calibration,
    ClassMetrics,
    Example,
    Examples,
    MacroMetrics,
    Reliability,
    SplitMetrics,
)
from artifact.statistics.proportions import wilson_interval

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

CALIBRATION_BINS = 15
LARGEST_TEMPERATURE = 100.0
_CORRECT = 4  # examples of each class


def split_metrics(logits: Floats, labels: Integers, label_names: Sequence[str]) -> SplitMetrics:
    """Measure one network on one part of the data set.

    A class without images, or one that is never predicted, counts as 0 in the macro means.

    Raises:
        ValueError: The arrays do not fit each other, are empty, or hold infinite logits or NaN.
    """
    _check(logits, labels, len(label_names))
    predicted = logits.argmax(axis=1)
    classes = np.arange(len(label_names))
    correct = int((predicted == labels).sum())
    per_class, macro = _class_metrics(predicted, labels, label_names)
    return SplitMetrics(
        accuracy=correct / len(labels),
        loss=cross_entropy(logits, labels),
        macro=macro,
        per_class=per_class,
        confusion_matrix=confusion_matrix(labels, predicted, labels=classes).tolist(),
        interval=wilson_interval(correct, len(labels)),
        calibration_error=calibration_error(softmax(_double(logits), axis=1), labels),
    )


def _check(logits: Floats, labels: Integers, classes: int) -> None:
    if logits.shape != (*labels.shape, classes):
        raise ValueError(
            f"logits {list(logits.shape)} and labels {list(labels.shape)} do not fit: "
            f"with {classes} classes they are [N, {classes}] and [N]"
        )
    if not len(labels):
        raise ValueError("no images: a metric needs at least one")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels go from {labels.min()} to {labels.max()}: accepted are 0 to {classes - 1}"
        )
    broken = len(logits) - int(np.isfinite(logits).all(axis=1).sum())
    if broken:
        raise ValueError(f"{broken} of {len(logits)} images have logits that are not finite")


def _class_metrics(
    predicted: Integers, labels: Integers, label_names: Sequence[str]
) -> tuple[tuple[ClassMetrics, ...], MacroMetrics]:
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=np.arange(len(label_names)), zero_division=0.0
    )
    rows = zip(label_names, precision, recall, f1, support, strict=True)
    per_class = tuple(
        ClassMetrics(label=label, precision=p, recall=r, f1=f, support=int(s))
        for label, p, r, f, s in rows
    )
    return per_class, MacroMetrics(precision=precision.mean(), recall=recall.mean(), f1=f1.mean())


def cross_entropy(logits: Floats, labels: Integers) -> float:
    """Mean negative log-likelihood of the true labels, in nats."""
    log_probabilities = log_softmax(_double(logits), axis=1)
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def calibration_error(probabilities: Floats, labels: Integers) -> float:
    """Expected calibration error: the mean distance of confidence from accuracy, bin by bin.

    Bins are 15 of equal width, each open below and closed above, weighted by their images.

    Source: Guo et al., "On calibration of modern neural networks" (2017), equation 3.
    """
    gaps = [
        place.images * abs(place.confidence - place.accuracy)
        for place in _confidence_bins(probabilities, labels)
    ]
    return sum(gaps) / len(labels)


def calibration(logits: Floats, labels: Integers, temperature: float) -> Calibration:
    """Reliability before and after the logits are divided by the temperature."""
    return Calibration(
        before=reliability(logits, labels), after=reliability(logits / temperature, labels)
    )


def reliability(logits: Floats, labels: Integers) -> Reliability:
    """Confidence beside accuracy, in the bins of the calibration error."""
    probabilities = softmax(_double(logits), axis=1)
    return Reliability(
        calibration_error=calibration_error(probabilities, labels),
        bins=tuple(_confidence_bins(probabilities, labels)),
    )


def _confidence_bins(probabilities: Floats, labels: Integers) -> Iterator[Bin]:
    """Those with images, from unsure to sure."""
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.ceil(confidence * CALIBRATION_BINS).astype(int) - 1
    for place in np.unique(bins):
        yield Bin(
            low=place / CALIBRATION_BINS,
            high=(place + 1) / CALIBRATION_BINS,
            images=int((bins == place).sum()),
            confidence=confidence[bins == place].mean(),
            accuracy=correct[bins == place].mean(),
        )


def fit_temperature(logits: Floats, labels: Integers) -> float:
    """Find the temperature that makes the cross-entropy of `logits / temperature` smallest.

    The cross-entropy is convex in 1 / temperature, so the one minimum within 1/100..100 is found.
    Where every image is right there is none (the colder the better): then it is 1.

    Source: Guo et al., "On calibration of modern neural networks" (2017), section 4.2.
    """
    _check(logits, labels, logits.shape[-1])
    if (logits.argmax(axis=1) == labels).all():
        return 1.0

    def loss(log_temperature: float) -> float:
        return cross_entropy(_double(logits) / np.exp(log_temperature), labels)

    bound = np.log(LARGEST_TEMPERATURE)
    return float(np.exp(minimize_scalar(loss, bounds=(-bound, bound), method="bounded").x))


def choose_examples(
    logits: Floats,
    labels: Integers,
    label_names: Sequence[str],
    disputed: Collection[int] = (),
) -> Examples:
    """Choose what a person should look at; none is left out for a label that people dispute.

    Returns:
        Every wrong image, the most confident first; and four correct ones of each class, drawn
        always alike, class by class, so that any leading part of them shows all classes alike.

    Raises:
        ValueError: The arrays do not fit each other, are empty, or hold infinite logits or NaN.
    """
    _check(logits, labels, len(label_names))
    predicted = logits.argmax(axis=1)
    confidence = softmax(_double(logits), axis=1).max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    most_confident_first = wrong[np.argsort(-confidence[wrong], kind="stable")]
    right = np.random.default_rng(0).permutation(np.flatnonzero(predicted == labels))
    by_class = [right[labels[right] == k][:_CORRECT] for k in range(len(label_names))]
    in_turn = [index for each in zip_longest(*by_class) for index in each if index is not None]

    def examples(indices: Iterable[np.integer]) -> tuple[Example, ...]:
        return tuple(
            Example(
                index=int(index),
                true=label_names[labels[index]],
                predicted=label_names[predicted[index]],
                probability=confidence[index],
                disputed=index in disputed,
            )
            for index in indices
        )

    return Examples(correct=examples(in_turn), wrong=examples(most_confident_first))


def _double(logits: Floats) -> NDArray[np.float64]:
    return logits.astype(np.float64)

"""Faults of a network or its figures that an accuracy does not show, each with its name.

Throughout, `logits` is float [N, K], before the temperature; a finding is something to be explained
before the network is used, however good its accuracy is.
"""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue
from scipy.stats import binomtest
from torch import nn

from artifact.manifest import Finding, FindingName
from artifact.metrics import Metrics, SplitMetrics
from artifact.statistics.proportions import wilson_interval
from training.data import Images
from training.data.normalization import Normalization
from training.errors import FlawedError

Floats = NDArray[np.floating]
Integers = NDArray[np.integer]

_FEWEST_FOUND: Final = 1 / 5  # of the images of a class
_ROUNDING: Final = 1e-6
_SUM_ROUNDING: Final = 1e-3  # of probabilities in bfloat16
_MOST_BETTER: Final = 0.1  # in accuracy, by the statistics of a batch
_BATCH: Final = 256
_CHANCE: Final = 0.05  # a network without any skill is as right as that no oftener
_REMEDIES: Final[dict[FindingName, str]] = {
    "chance-level": "more --epochs, another --learning-rate, a larger --side, more pictures",
    "evaluation-differs": "a smaller --batch-size, more --epochs",
    "rarely-predicted": "more --epochs, a smaller --batch-size, more pictures of that class",
}


def refuse_flawed(findings: Sequence[Finding], test: SplitMetrics) -> None:
    """Let nothing with a finding be published by accident.

    Raises:
        FlawedError: There is a finding.
    """
    if not findings:
        return
    told = "; ".join(f"{finding.name}: {finding.message}" for finding in findings)
    names = dict.fromkeys(finding.name for finding in findings)
    remedies = "; or ".join(_REMEDIES[name] for name in names if name in _REMEDIES)
    low, high = test.interval
    raise FlawedError(
        f"the network is flawed and was not published. {told}. Its test accuracy is "
        f"{test.accuracy:.2%} (95% interval {low:.2%} to {high:.2%}). "
        + (f"What may help: {remedies}. " if remedies else "")
        + "--publish-flawed publishes it, marked as flawed"
    )


def find_flaws(logits: Floats, metrics: Metrics, labels: Sequence[str]) -> tuple[Finding, ...]:
    """Look for every flaw that logits and metrics show."""
    measured = {"train": metrics.train, "validation": metrics.validation, "test": metrics.test}
    return (
        *double_softmax(logits),
        *dead_outputs(logits, labels),
        *rarely_predicted(measured),
        *chance_level(metrics.test),
    )


def watch(logits: Floats, truth: Integers) -> Iterator[Finding]:
    """What validation images show of a network under training; classes go by their numbers."""
    right = np.bincount(truth[logits.argmax(axis=1) == truth], minlength=logits.shape[1])
    images = np.bincount(truth, minlength=logits.shape[1])
    yield from double_softmax(logits)
    yield from dead_outputs(logits, [str(k) for k in range(logits.shape[1])])
    for k, (found, all_of_them) in enumerate(zip(right.tolist(), images.tolist(), strict=True)):
        yield from rarely_right(str(k), found, all_of_them, "validation")


def brief(findings: Iterable[Finding]) -> str:
    """Findings by name, with the classes that they are of: `dead-output 3, 5`."""
    classes: dict[str, list[str]] = {}
    for finding in findings:
        classes.setdefault(finding.name, []).append(str(finding.evidence.get("label", "")))
    return "; ".join(f"{name} {', '.join(labels)}".rstrip() for name, labels in classes.items())


def double_softmax(logits: Floats) -> Iterator[Finding]:
    """Outputs that are probabilities already, to which loss and service apply another softmax."""
    sums = logits.sum(axis=1)
    off = float(np.abs(sums - 1).max())
    if logits.min() >= -_ROUNDING and off <= _SUM_ROUNDING:
        yield _finding(
            "double-softmax",
            f"the outputs of each of {len(logits)} images lie in 0..1 and sum to 1: they are "
            "probabilities, and a softmax of them is nearly uniform",
            images=len(logits),
            largest_distance_from_1=off,
        )


def dead_outputs(logits: Floats, labels: Sequence[str]) -> Iterator[Finding]:
    """Logits that are the same on every image: no picture can change that class's score."""
    lowest, highest = logits.min(axis=0), logits.max(axis=0)
    scale = float(np.abs(logits).max()) or 1.0
    for label, low, high in zip(labels, lowest.tolist(), highest.tolist(), strict=True):
        if high - low <= _ROUNDING * scale:
            yield _finding(
                "dead-output",
                f"the logit of {label} is {low:g} on each of {len(logits)} images",
                label=label,
                value=low,
                images=len(logits),
            )


def rarely_predicted(parts: Mapping[str, SplitMetrics]) -> Iterator[Finding]:
    """Classes that are named for fewer than a fifth of their own images, in the worst part."""
    for k, row in enumerate(next(iter(parts.values())).per_class):
        rows = {part: metrics.confusion_matrix[k] for part, metrics in parts.items()}
        found = {part: (counts[k], sum(counts)) for part, counts in rows.items() if any(counts)}
        if found:
            worst = min(found, key=lambda part: wilson_interval(*found[part])[1])
            yield from rarely_right(row.label, *found[worst], part=worst)


def rarely_right(label: str, right: int, images: int, part: str) -> Iterator[Finding]:
    """One class that is named for fewer than a fifth of its images in a part, not by chance.

    The upper end of Wilson's 95% interval is below a fifth: none of 3 images proves nothing.
    """
    if images and wilson_interval(right, images)[1] < _FEWEST_FOUND:
        yield _finding(
            "rarely-predicted",
            f"{label} is predicted for {right} of its {images} images ({part})",
            label=label,
            part=part,
            predicted=right,
            images=images,
        )


def chance_level(test: SplitMetrics) -> Iterator[Finding]:
    """Test accuracy that naming the commonest class always reaches too, within chance.

    By a one-sided binomial test; all right is no chance level, however few the images are.
    """
    commonest = max(test.per_class, key=lambda row: row.support)
    images = sum(row.support for row in test.per_class)
    right = round(test.accuracy * images)
    p = float(binomtest(right, images, commonest.support / images, alternative="greater").pvalue)
    if right < images and p > _CHANCE:
        yield _finding(
            "chance-level",
            f"{right} of {images} test images are right, where naming {commonest.label} for every "
            f"image gets {commonest.support}: no more than chance (p = {p:.2g})",
            images=images,
            right=right,
            commonest=commonest.support,
            p_value=p,
        )


@torch.inference_mode()
def statistics_differ(
    network: nn.Module, normalization: Normalization, images: Images
) -> Iterator[Finding]:
    """Training images that are right in training mode and wrong in evaluation mode.

    Then the running statistics of the normalisation layers are not those of the images.
    """
    evaluated = _right(copy.deepcopy(network).eval(), normalization, images)
    trained = _right(copy.deepcopy(network).train(), normalization, images)
    if trained - evaluated > _MOST_BETTER * len(images):
        yield _finding(
            "evaluation-differs",
            f"of {len(images)} training images {trained} are right in training mode but only "
            f"{evaluated} in evaluation mode: running statistics do not fit",
            images=len(images),
            right_in_training=trained,
            right_in_evaluation=evaluated,
        )


def _right(network: nn.Module, normalization: Normalization, images: Images) -> int:
    batches = torch.split(images.pixels, _BATCH)
    logits = torch.cat([network(normalization.inputs(batch)) for batch in batches])
    return int((logits.argmax(dim=1) == images.labels).sum())


def _finding(name: str, message: str, **evidence: JsonValue) -> Finding:
    return Finding.model_validate({"name": name, "message": message, "evidence": evidence})

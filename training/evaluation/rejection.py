"""The rejection threshold, and how well it separates the known from out-of-distribution pictures.

Throughout, a score is [N]: higher for in-distribution pictures.
"""

import math
from collections.abc import Mapping
from statistics import mean
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from artifact.manifest import Rejection, RejectionPoint, ScoreName, Separation
from artifact.scores import SCORES

Floats = NDArray[np.floating]

SCORE: Final[ScoreName] = "max-logit"  # of those in docs/REJECTION.md, the one that tells best
# Share of validation pictures that the model must not reject. Of other digits it must accept
# 99.5%, and the test pictures of one network were two in a thousand below validation's.
ACCEPTED = 0.997
KEPT = 0.95  # share of the known that a threshold chosen with outliers keeps at least
_DIGITS = 1e4  # a threshold is rounded down: the service computes in other precision
_CURVE = (1.0, 0.999, 0.998, 0.997, 0.996, 0.995, 0.99, 0.98, 0.95, 0.9)  # shares accepted


def score(logits: Floats, temperature: float) -> Floats:
    """The score that is published, of logits [N, classes]."""
    return SCORES[SCORE](logits / np.float32(temperature))


def fit_rejection(known: Floats, outliers: Mapping[str, Floats]) -> Rejection:
    """Choose the highest threshold that still accepts nearly all validation pictures."""
    threshold = threshold_for(known, ACCEPTED)
    return Rejection(
        score=SCORE,
        threshold=threshold,
        accepted=_share(known, threshold),
        separation=separate(known, outliers) if outliers else None,
    )


def choose_rejection(
    known: Floats, choosing: Mapping[str, Floats], others: Mapping[str, Floats]
) -> Rejection:
    """Choose the threshold that tells outliers best, of those that keep nearly all the known.

    Best is the largest share of outliers rejected, less the share of the known that is rejected
    too (Youden's J); every kind counts alike, and of two that are as good the lower is taken.

    Args:
        known: Of pictures that are to be accepted.
        choosing: Of outliers that the threshold is chosen with, kind by kind; one at least.
        others: Of outliers that it is judged with.
    """
    candidates = (_point(known, choosing, share) for share in _CURVE if share >= KEPT)
    best = max(candidates, key=lambda point: point.accepted - mean(point.outliers.values()))
    separation = separate(known, others)
    return Rejection(
        score=SCORE, threshold=best.threshold, accepted=best.accepted, separation=separation
    )


def separate(known: Floats, outliers: Mapping[str, Floats]) -> Separation:
    """Measure how well a score tells the known from each kind of outlier."""
    together = np.concatenate(list(outliers.values()))
    return Separation(
        pictures=min(map(len, outliers.values())),
        auroc=auroc(known, together),
        auroc_by_kind={kind: auroc(known, scores) for kind, scores in outliers.items()},
        curve=tuple(_point(known, outliers, accepted) for accepted in _CURVE),
    )


def auroc(known: Floats, outliers: Floats) -> float:
    """Chance that a known picture scores higher than an outlier; ties count half."""
    truth = np.repeat([True, False], [len(known), len(outliers)])
    return float(roc_auc_score(truth, np.concatenate([known, outliers])))


def threshold_for(known: Floats, accepted: float) -> float:
    """Find the highest threshold, rounded down, that accepts at least that share of the known."""
    most_familiar_first = np.sort(known)[::-1]
    highest = float(most_familiar_first[math.ceil(accepted * len(known)) - 1])
    return math.floor(highest * _DIGITS) / _DIGITS


def _point(known: Floats, outliers: Mapping[str, Floats], accepted: float) -> RejectionPoint:
    threshold = threshold_for(known, accepted)
    return RejectionPoint(
        threshold=threshold,
        accepted=_share(known, threshold),
        outliers={kind: _share(scores, threshold) for kind, scores in outliers.items()},
    )


def _share(scores: Floats, threshold: float) -> float:
    return float((scores >= threshold).mean())

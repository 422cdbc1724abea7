"""Scores that separate in-distribution from out-of-distribution (OOD) pictures, by logits alone.

Throughout, `logits` is float [N, K], already divided by the temperature; the score is [N], and the
higher, the more likely in-distribution.
"""

from collections.abc import Callable, Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from artifact.manifest import ScoreName

Floats = NDArray[np.floating]


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits [N, K] into probabilities [N, K], without overflow for any finite logits."""
    # The reductions themselves: for one picture, the methods around them take longer than they.
    largest: NDArray[np.float32] = np.maximum.reduce(logits, axis=1, keepdims=True)
    exponentials: NDArray[np.float32] = np.exp(logits - largest)
    total: NDArray[np.float32] = np.add.reduce(exponentials, axis=1, keepdims=True)
    probabilities: NDArray[np.float32] = exponentials / total
    return probabilities


def distribution(logits: Sequence[float]) -> list[float]:
    """Do the same for one picture's logits, in double precision.

    Ten numbers are done before numpy has looked at the first.
    """
    largest = max(logits)
    exponentials = [exp(logit - largest) for logit in logits]
    total = sum(exponentials)
    return [exponential / total for exponential in exponentials]


def max_softmax(logits: Floats) -> Floats:
    """The largest probability: Hendrycks and Gimpel (arXiv:1610.02136)."""
    probability: Floats = np.exp(logits.max(axis=1) - energy(logits))
    return probability


def energy(logits: Floats) -> Floats:
    """The negative free energy, log-sum-exp of the logits: Liu et al. (arXiv:2010.03759)."""
    largest = logits.max(axis=1)
    total: Floats = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))
    return total


def max_logit(logits: Floats) -> Floats:
    """The largest logit: Hendrycks et al. (arXiv:1911.11132)."""
    largest: Floats = np.maximum.reduce(logits, axis=1)
    return largest


SCORES: dict[ScoreName, Callable[[Floats], Floats]] = {
    "max-softmax": max_softmax,
    "energy": energy,
    "max-logit": max_logit,
}

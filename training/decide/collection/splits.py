"""Who learns from which pictures, and who is asked about which: the same for every arm.

Few pictures are all asked about, each once, by a network that has not learnt from it or from a
near-copy of it (cross-validation). Of many, a fifth is set aside. A test part that the folder
brings is the test.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from training.errors import DatasetError

Indices = NDArray[np.int64]

FEW: Final = 1_000  # pictures: a fifth of more is known to five points, at a sixth of the minutes
_FOLDS: Final = 5
_FEWEST: Final = 3  # pictures of a class: one to be asked about, two to learn from


@dataclass(frozen=True)
class Fold:
    """One division of the pictures."""

    train: Indices  # indices to learn from
    test: Indices  # indices to be asked about


def split(
    targets: Indices, groups: Indices, tests: NDArray[np.bool_], labels: tuple[str, ...], seed: int
) -> list[Fold]:
    """Divide pictures so that near-copies stay on one side.

    Raises:
        DatasetError: A class has too few pictures.
    """
    _refuse_too_few(targets, groups, labels)
    if tests.any():
        copied = np.isin(groups, groups[tests])
        return [Fold(np.flatnonzero(~copied), np.flatnonzero(tests))]
    rarest = min(len(np.unique(groups[targets == label])) for label in range(len(labels)))
    folds = StratifiedGroupKFold(min(_FOLDS, rarest), shuffle=True, random_state=seed)
    divided = [Fold(train, test) for train, test in folds.split(targets, targets, groups)]
    return divided if len(targets) < FEW else divided[:1]


def _refuse_too_few(targets: Indices, groups: Indices, labels: tuple[str, ...]) -> None:
    counts = {label: len(np.unique(groups[targets == place])) for place, label in enumerate(labels)}
    poor = {label: count for label, count in counts.items() if count < _FEWEST}
    if poor or len(labels) < 2:
        found = ", ".join(f"{label} {count}" for label, count in (poor or counts).items())
        raise DatasetError(
            f"too few pictures: there must be two classes or more, each with {_FEWEST} pictures "
            f"that are no copies of each other; found {found or 'none'}"
        )

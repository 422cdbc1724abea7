"""What every arm answered, fold by fold; kept in files, so that a stopped command goes on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from artifact.files import replacing, sha256
from training.decide.arms.base import Logits
from training.decide.collection.splits import Fold, Indices


@dataclass
class Answers:
    """One arm's answers to the pictures that it did not learn from.

    Attributes:
        logits: By fold: [n, classes] for the fold's test pictures.
    """

    name: str
    logits: dict[int, Logits] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)  # by fold: of learning and answering
    note: str = ""  # why it did not finish; empty where it did

    def finished(self, folds: Sequence[Fold]) -> bool:
        """Whether every fold is there."""
        return len(self.logits) == len(folds)

    def pooled(self, folds: Sequence[Fold]) -> tuple[Logits, Indices]:
        """Logits of all folds so far, and the pictures that they are of, in the store's order."""
        places = sorted(self.logits)
        indices = np.concatenate([folds[place].test for place in places])
        order = np.argsort(indices)
        return np.concatenate([self.logits[place] for place in places])[order], indices[order]

    def right(self, folds: Sequence[Fold], targets: Indices) -> NDArray[np.bool_]:
        """Which of the pooled pictures are named rightly."""
        logits, indices = self.pooled(folds)
        right: NDArray[np.bool_] = logits.argmax(axis=1) == targets[indices]
        return right

    def accuracies(self, folds: Sequence[Fold], targets: Indices) -> list[float]:
        """Of each fold so far."""
        return [
            float((self.logits[place].argmax(axis=1) == targets[folds[place].test]).mean())
            for place in sorted(self.logits)
        ]


@dataclass(frozen=True)
class ResultCache:
    """A folder of results, each under the digest of all that decides it."""

    folder: Path

    def load(self, key: str) -> tuple[Logits, float] | None:
        """Logits and seconds, where they are there."""
        path = self.folder / f"{key}.npz"
        if not path.exists():
            return None
        with np.load(path) as stored:
            return stored["logits"], float(stored["seconds"])

    def save(self, key: str, logits: Logits, seconds: float) -> None:
        """Keep a result."""
        with replacing(self.folder / f"{key}.npz") as file:
            np.savez(file, logits=logits, seconds=seconds)


def key(name: str, place: int, fold: Fold, **decides: object) -> str:
    """Name of a result: the arm, the fold, and a digest of everything that decides it."""
    told = json.dumps(decides, sort_keys=True, default=str).encode()
    pictures = (part.astype(np.int64).tobytes() for part in (fold.train, fold.test))
    return f"{name}-fold{place}-{sha256(told, *pictures)[:16]}"

"""What an arm answered, fold by fold."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from artifact.statistics.paired import mcnemar_exact
from training.decide.arms.base import Logits, Task
from training.decide.collection.splits import Indices
from training.decide.roster import Arm

_BEHIND: Final = 0.01  # McNemar's p on one fold below which an arm is clearly behind


@dataclass
class Answers:
    """One arm's answers to pictures that it did not learn from, of the first folds or of all."""

    name: str  # of the arm
    task: Task
    arm: Arm | None = None  # None where it cannot be published
    note: str = ""  # why it did not finish; empty where it did
    logits: list[Logits] = field(default_factory=list)  # [n, classes] of each fold's test pictures
    seconds: list[float] = field(default_factory=list)  # by fold: of learning and answering

    @property
    def finished(self) -> bool:
        """Whether every fold is there."""
        return len(self.logits) == len(self.task.folds)

    @property
    def pooled(self) -> tuple[Logits, Indices]:
        """Logits of all folds so far, and the pictures that they are of, in the store's order."""
        indices = np.concatenate([fold.test for fold in self.task.folds[: len(self.logits)]])
        order = np.argsort(indices)
        return np.concatenate(self.logits)[order], indices[order]

    @property
    def right(self) -> list[NDArray[np.bool_]]:
        """Which of the fold's pictures are named rightly, by fold."""
        pairs = zip(self.logits, self.task.folds, strict=False)
        return [logits.argmax(axis=1) == self.task.targets[fold.test] for logits, fold in pairs]

    @property
    def accuracy(self) -> float:
        """Share of the pictures named rightly so far."""
        return float(np.concatenate(self.right).mean())

    def is_behind(self, others: Iterable["Answers"]) -> bool:
        """Whether another arm is clearly ahead on the first fold."""
        return not self.logits or any(
            _is_ahead(other.right[0], self.right[0]) for other in others if other.logits
        )


def _is_ahead(rival: NDArray[np.bool_], own: NDArray[np.bool_]) -> bool:
    won, lost = int((rival & ~own).sum()), int((own & ~rival).sum())
    return won > lost and mcnemar_exact(won, lost) < _BEHIND

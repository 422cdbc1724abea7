"""What every arm learns and is asked: the pictures, their classes, and how they are divided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from artifact.runtimes.base import pieces
from training.decide.collection.splits import Fold, Indices
from training.decide.collection.store import Store

Logits = NDArray[np.float32]

RECIPE: Final = 2  # of all arms: what an older one has learnt is not used again


@dataclass(frozen=True)
class Task:
    """What is to be learnt."""

    store: Store  # the pictures
    targets: Indices  # class of each, [N]
    labels: tuple[str, ...]  # name of each class
    folds: Sequence[Fold]  # from which pictures, and which are asked about
    seed: int  # of all draws
    threads: int  # of one operation
    mirror: bool = False  # whether a mirrored picture shows the same class

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.labels)

    @property
    def tested(self) -> Indices:
        """The pictures that are asked about, in the store's order."""
        return np.sort(np.concatenate([fold.test for fold in self.folds]))

    @property
    def learnt(self) -> Indices:
        """The pictures that a published model learns from: all where there are several folds."""
        return self.folds[0].train if len(self.folds) == 1 else self.tested


@torch.inference_mode()
def network_logits(network: nn.Module, batch: NDArray[np.float32]) -> Logits:
    """Logits [N, classes] of unit pixels [N, C, H, W], some pictures at a time."""
    parts = pieces(batch, len(batch))
    return np.concatenate([network(torch.from_numpy(part)).numpy() for part in parts])

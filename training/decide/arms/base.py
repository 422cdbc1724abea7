"""What every arm is to the race: something that learns from some pictures and names others."""

from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from artifact.manifest import Architecture
from artifact.runtimes.base import pieces
from training.decide.collection.splits import Indices
from training.decide.collection.store import Store

Logits = NDArray[np.float32]

RECIPE: Final = 2  # of all arms: what an older one has learnt is not used again


@dataclass(frozen=True)
class Task:
    """What is to be learnt."""

    store: Store  # the pictures
    targets: Indices  # class of each, [N]
    classes: int  # how many classes there are
    mirror: bool  # whether a mirrored picture shows the same class
    seed: int  # of all draws
    threads: int  # of one operation


class Learned(Protocol):
    """An arm that has learnt from some pictures."""

    @property
    def epochs(self) -> int:
        """Passes over the pictures that there was time for; 0 where it is none of training."""
        ...

    def logits(self, indices: Indices) -> Logits:
        """Name those pictures: [n, classes]."""
        ...

    def network(self) -> nn.Module:
        """The whole of it, in evaluation mode: unit pixels [N, C, H, W] to logits [N, classes]."""
        ...


class Arm(Protocol):
    """One way to name pictures."""

    @property
    def name(self) -> str:
        """Of the arm, and the last part of its model's name."""
        ...

    @property
    def side(self) -> int:
        """Of the pictures that it sees."""
        ...

    def learn(self, task: Task, train: Indices, seconds: float = inf) -> Learned:
        """Learn from those pictures and no others, within about so many seconds."""
        ...

    def describe(self, network: nn.Module, store: Store) -> Architecture:
        """What its network is, as the manifest says it."""
        ...


@torch.inference_mode()
def network_logits(network: nn.Module, batch: NDArray[np.float32]) -> Logits:
    """Logits [N, classes] of unit pixels [N, C, H, W], some pictures at a time."""
    parts = pieces(batch, len(batch))
    return np.concatenate([network(torch.from_numpy(part)).numpy() for part in parts])

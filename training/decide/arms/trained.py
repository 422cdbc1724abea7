"""Arms that learn all their weights from the pictures, or go on from ImageNet's."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from artifact.manifest import Architecture
from training.decide.arms.augmentation import augment
from training.decide.arms.base import Logits, Task
from training.decide.collection.splits import Indices
from training.decide.collection.store import Store

_BATCH: Final = 32
_EVALUATED: Final = 128  # pictures at a time
_SMOOTHING: Final = 0.1
_WEIGHT_DECAY: Final = 0.02
_TIMED_STEPS: Final = 8


@dataclass(frozen=True)
class TrainedArm:
    """A network that is trained.

    Attributes:
        tell: Says in the manifest's words what it is.
    """

    name: str
    side: int  # of its pictures
    build: Callable[[Task, int], nn.Module]  # makes the network: unit pixels in, logits out
    tell: Callable[[nn.Module, tuple[int, int, int]], Architecture]
    rate: float = 0.01  # peak learning rate
    epochs: int = 0  # passes over the pictures; the plan decides

    def with_epochs(self, epochs: int) -> "TrainedArm":
        """The same, trained for so long."""
        return replace(self, epochs=epochs)

    def seconds_per_picture(self, task: Task) -> float:
        """How long one picture takes in one epoch: the quickest of a few steps; others warm up."""
        fitting = _Fitting(self, task, np.arange(min(_BATCH, task.store.count)), _TIMED_STEPS)
        everything = torch.arange(len(fitting.targets))

        def seconds() -> float:
            began = perf_counter()
            fitting.step(*fitting.batch(everything))
            return perf_counter() - began

        return min(seconds() for _ in range(_TIMED_STEPS)) / len(everything)

    def learn(self, task: Task, train: Indices) -> "Network":
        """Train for the planned epochs."""
        steps = max(1, len(train) // _BATCH) * self.epochs
        fitting = _Fitting(self, task, train, steps)
        for _ in range(self.epochs):
            for chosen in fitting.batches():
                fitting.step(*fitting.batch(chosen))
        return Network(self, task, fitting.finish())

    def describe(self, network: nn.Module, store: Store) -> Architecture:
        """What the network is."""
        return self.tell(network, (store.channels, self.side, self.side))


@dataclass(frozen=True)
class Network:
    """A trained arm."""

    arm: TrainedArm
    task: Task
    trained: nn.Module

    @torch.inference_mode()
    def logits(self, indices: Indices) -> Logits:
        """Of those pictures, [n, classes]."""
        pixels = torch.from_numpy(self.task.store.read(self.arm.side, indices))
        parts = [self.trained(_unit(part)) for part in torch.split(pixels, _EVALUATED)]
        return np.asarray(torch.cat(parts).numpy(), np.float32)

    def network(self) -> nn.Module:
        """The trained network."""
        return self.trained


class _Fitting:
    """A network under training, with its average."""

    def __init__(self, arm: TrainedArm, task: Task, train: Indices, steps: int) -> None:
        self.pixels = torch.from_numpy(task.store.read(arm.side, train))
        self.targets = torch.from_numpy(task.targets[train])
        self.generator = Generator().manual_seed(task.seed)
        self.mirror = task.mirror
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(task.seed)
            self.network = arm.build(task, arm.side).to(memory_format=torch.channels_last).train()
        # An average over about a twentieth of the training: few steps leave no time for a longer.
        decay = min(0.999, 1 - 20 / max(steps, 40))
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=arm.rate, weight_decay=_WEIGHT_DECAY
        )
        self.scheduler = OneCycleLR(self.optimizer, arm.rate, total_steps=max(steps, 2) + 1)

    def batches(self) -> Iterator[Tensor]:
        """Random batches; pictures that do not fill the last one wait for the next epoch."""
        order = torch.randperm(len(self.targets), generator=self.generator)
        size = min(_BATCH, len(order))
        for start in range(0, len(order) - size + 1, size):
            yield order[start : start + size]

    def batch(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Augmented unit pixels [n, C, H, W] and targets [n]."""
        images = augment(_unit(self.pixels[chosen]), self.generator, mirror=self.mirror)
        return images.contiguous(memory_format=torch.channels_last), self.targets[chosen]

    def step(self, images: Tensor, targets: Tensor) -> None:
        """Move the weights once."""
        loss = F.cross_entropy(self.network(images), targets, label_smoothing=_SMOOTHING)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.scheduler.step()
        self.average.update_parameters(self.network)

    def finish(self) -> nn.Module:
        """The averaged network, with statistics of the pictures as they will be seen."""
        averaged = copy.deepcopy(self.average.module)
        update_bn((_unit(part) for part in torch.split(self.pixels, _EVALUATED)), averaged)
        return averaged.to(memory_format=torch.contiguous_format).eval()


def _unit(pixels: Tensor) -> Tensor:
    return pixels.float().div_(255)

"""Arms that learn their weights from the pictures: all of them, or on from ImageNet's."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import cos, inf, pi
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from artifact.manifest import Architecture, Cost
from training.decide.arms.augmentation import augment
from training.decide.arms.base import Logits, Task, network_logits
from training.decide.collection.splits import Indices
from training.export.files import to_onnx

_BATCH: Final = 32
_TUNED_AT_ONCE: Final = 4  # pictures of a batch: the maps of 8 take 0.3 GB more, and no less time
_MEASURED: Final = 4_096  # pictures that give the statistics of normalisation
_MEASURED_AT_ONCE: Final = 128
_SMOOTHING: Final = 0.1
_WEIGHT_DECAY: Final = 0.02
_TIMED_STEPS: Final = 3
_WARM_UP: Final = 0.2  # of the training, in which the rate rises
_AVERAGED: Final = 50  # the weights are averaged over a fiftieth of the training


@dataclass(frozen=True)
class TrainedArm:
    """A network that is trained."""

    name: str
    sides: tuple[int, ...]  # that its pictures may have, the smallest first; the plan decides
    build: Callable[[Task, int, Indices], nn.Module]  # on from what those pictures teach, if any
    tell: Callable[[int, Cost], Architecture]  # what the network is at that size
    rate: float = 0.01  # at its peak
    fewest: int = 20  # epochs: fewer teach it nothing that a linear arm does not know
    most: int = 60  # epochs
    tuned: bool = False  # whether it goes on from ImageNet's weights, and keeps their statistics
    side: int = 0
    epochs: int = 0

    def planned(self, side: int, epochs: int) -> "TrainedArm":
        """The same, trained at that size for so long."""
        return replace(self, side=side, epochs=epochs)

    def seconds_per_picture(self, task: Task) -> float:
        """How long a picture takes in an epoch, at the smallest size: the median of some steps."""
        sample = np.arange(min(_BATCH, task.store.count))
        fitting = _Fitting(self.planned(self.sides[0], 1), task, sample, learnt=sample[:0])
        everything = torch.arange(len(sample))

        def seconds() -> float:
            began = perf_counter()
            fitting.step(*fitting.batch(everything), 0.5)
            return perf_counter() - began

        seconds()
        return median(seconds() for _ in range(_TIMED_STEPS)) / len(everything)

    def learn(self, task: Task, train: Indices, seconds: float = inf) -> "TrainedNetwork":
        """Train for the planned epochs; for fewer, whole, where the time would not suffice."""
        fitting = _Fitting(self, task, train, learnt=train)
        began, progress, epochs = perf_counter(), 0.0, 0
        while progress < 1:
            passed = perf_counter() - began
            affordable = (seconds - passed) / (passed / epochs) if epochs else inf
            remaining = max(1, int(min(self.epochs - epochs, affordable)))
            step = (1 - progress) / remaining / fitting.steps
            for chosen in fitting.batches():
                fitting.step(*fitting.batch(chosen), progress)
                progress += step
            epochs += 1
            if remaining == 1:
                break
        return TrainedNetwork(self, task, fitting.finish(), epochs)

    def describe(self, _: nn.Module, cost: Cost) -> Architecture:
        """What its network is."""
        return self.tell(self.side, cost)


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained arm."""

    arm: TrainedArm
    task: Task
    network: nn.Module  # unit pixels [N, C, H, W] to logits [N, classes], in evaluation mode
    epochs: int  # that there was time for

    def logits(self, indices: Indices) -> Logits:
        """Of those pictures, [n, classes]."""
        parts = np.array_split(indices, max(1, len(indices) // _BATCH))
        read = (self.task.store.unit(self.arm.side, part) for part in parts)
        return np.concatenate([network_logits(self.network, part) for part in read])

    def onnx(self) -> bytes:
        """The network as an ONNX file."""
        return to_onnx(self.network, (self.task.store.channels, self.arm.side, self.arm.side))


class _Fitting:
    """A network under training, with its average.

    Args:
        arm: Whose network it is.
        task: What is learnt.
        train: Pictures of the batches.
        learnt: Pictures that the network begins with; none where only its speed is asked.
    """

    def __init__(self, arm: TrainedArm, task: Task, train: Indices, learnt: Indices) -> None:
        torch.set_num_threads(task.threads)  # a TorchScript file that was opened set its own
        self.arm, self.task, self.train = arm, task, train
        self.targets = torch.from_numpy(task.targets[train])
        self.size = min(_BATCH, len(train))
        self.steps = len(train) // self.size  # of an epoch
        self.generator = Generator().manual_seed(task.seed)
        torch.manual_seed(task.seed)  # of the weights, and of what the network's dropout draws
        network = arm.build(task, arm.side, learnt)
        self.network = network.to(memory_format=torch.channels_last).train()
        if arm.tuned:
            for layer in self.network.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.eval()
        decay = min(0.999, 1 - _AVERAGED / max(self.steps * arm.epochs, 2 * _AVERAGED))
        self.average = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=arm.rate, weight_decay=_WEIGHT_DECAY
        )

    def batches(self) -> Iterator[Tensor]:
        """Random batches; pictures that do not fill the last one wait for the next epoch."""
        order = torch.randperm(len(self.targets), generator=self.generator)
        yield from torch.split(order[: self.steps * self.size], self.size)

    def batch(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Augmented unit pixels [n, C, H, W] and targets [n]."""
        images = augment(
            self._read(self.train[chosen.numpy()]), self.generator, mirror=self.task.mirror
        )
        return images.contiguous(memory_format=torch.channels_last), self.targets[chosen]

    def step(self, images: Tensor, targets: Tensor, progress: float) -> None:
        """Move the weights once, at a rate that first rises and then falls to 0 with progress."""
        rising = min(1.0, (progress + 0.01) / _WARM_UP)
        falling = 0.5 * (1 + cos(pi * max(0.0, progress - _WARM_UP) / (1 - _WARM_UP)))
        for group in self.optimizer.param_groups:
            group["lr"] = self.arm.rate * min(rising, falling)
        self.optimizer.zero_grad()
        # With kept statistics no picture knows of the others: the gradients of parts add up.
        at_once = _TUNED_AT_ONCE if self.arm.tuned else len(images)
        for part, truth in zip(images.split(at_once), targets.split(at_once), strict=True):
            loss = F.cross_entropy(self.network(part), truth, label_smoothing=_SMOOTHING)
            (loss * (len(part) / len(images))).backward()
        self.optimizer.step()
        self.average.update_parameters(self.network)

    def finish(self) -> nn.Module:
        """The averaged network, with statistics of the pictures as they will be seen."""
        averaged = copy.deepcopy(self.average.module)
        if not self.arm.tuned:
            # In random order: a batch of one class knows nothing of how classes differ.
            order = torch.randperm(len(self.train), generator=self.generator)
            seen = self.train[order[:_MEASURED].numpy()]
            parts = np.array_split(seen, max(1, len(seen) // _MEASURED_AT_ONCE))
            update_bn(map(self._read, parts), averaged)
        return averaged.to(memory_format=torch.contiguous_format).eval()

    def _read(self, indices: Indices) -> Tensor:
        return torch.from_numpy(self.task.store.unit(self.arm.side, indices))

"""The recipe of PyTorch's MNIST example, as it is given to beginners.

Two convolutions, dropout, Adadelta at 1.0, the rate multiplied by 0.7 after each epoch, batches of
64 from a DataLoader, 14 epochs: pytorch/examples, mnist/main.py.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adadelta
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from bench.training_speed.race import Lap

_EPOCHS: Final = 14
_BATCH: Final = 64
_TEST_BATCH: Final = 1000

Batches = DataLoader[tuple[Tensor, Tensor]]


def network() -> nn.Module:
    """The example's network: log-probabilities [N, 10] of pictures [N, 1, 28, 28]."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
        nn.LogSoftmax(dim=1),
    )


class Example:
    """Trains as the example does.

    Args:
        data_dir: Holds MNIST in torchvision's layout.
        device: To train on.
    """

    def __init__(self, data_dir: Path, device: torch.device) -> None:
        read = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
        )
        self._train, self._test = (
            datasets.MNIST(data_dir, train=train, transform=read) for train in (True, False)
        )
        self._device = device

    def __call__(self, seed: int) -> Iterator[Lap]:
        """Train from that seed, with a look at the test images after every epoch."""
        torch.manual_seed(seed)
        began = time.perf_counter()
        train: Batches = DataLoader(self._train, _BATCH, shuffle=True)
        test: Batches = DataLoader(self._test, _TEST_BATCH)
        learner = network().to(self._device)
        optimizer = Adadelta(learner.parameters(), lr=1.0)
        scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
        for _ in range(_EPOCHS):
            self._learn(learner, train, optimizer)
            accuracy = self._look(learner, test)
            scheduler.step()
            yield Lap(seconds=time.perf_counter() - began, accuracy=accuracy)

    def _learn(self, learner: nn.Module, train: Batches, optimizer: Adadelta) -> None:
        learner.train()
        for images, labels in train:
            optimizer.zero_grad()
            logs = learner(images.to(self._device))
            F.nll_loss(logs, labels.to(self._device)).backward()
            optimizer.step()

    @torch.no_grad()
    def _look(self, learner: nn.Module, test: Batches) -> float:
        learner.eval()
        right = sum(
            int((learner(images.to(self._device)).argmax(dim=1).cpu() == labels).sum())
            for images, labels in test
        )
        return right / len(self._test)

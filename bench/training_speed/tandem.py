"""Tandem's own training, told to be quick: the same code as `python -m training run`."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch

from bench.training_speed.race import Lap
from training import data
from training.augmentation import Augmentation
from training.config import RunConfig
from training.data import Split, normalization
from training.environment import reuse_memory
from training.networks.architectures import build
from training.progress import Progress
from training.trainer import Trainer

QUICK: Final = RunConfig(
    architecture="mobilenet-tiny",
    pooling="weighted",  # learns sooner
    dataset="mnist",
    epochs=2,
    batch_size=128,
    loss="label-smoothing",  # is ahead in the first epochs
    learning_rate=0.02,
    ema_decay=0.98,
    augmentation=Augmentation(strength=0),
)


class Tandem:
    """Trains as QUICK says.

    Args:
        data_dir: Holds MNIST in torchvision's layout.
        device: To train on.
    """

    def __init__(self, data_dir: Path, device: torch.device) -> None:
        dataset = data.load("mnist", data_dir)
        # Looks at the test images stand in for those at validation images, as in the example.
        learnt = dataset.identity(train_ratio=1.0, seed=QUICK.seed)
        split = Split(learnt, dataset.learning, validation=dataset.test, test=dataset.test)
        self._split = split.to(device)
        self._device = device

    def __call__(self, seed: int) -> Iterator[Lap]:
        """Train from that seed, with a look at the test images after every epoch."""
        began = time.perf_counter()
        reuse_memory()
        config = QUICK.model_copy(update={"seed": seed})
        network = build(config.shape, (1, 28, 28), 10, seed).to(self._device)
        steps = len(self._split.train) // config.batch_size
        scaling = normalization.measure(self._split.train)
        trainer = Trainer(network, scaling, config, steps)
        with Progress(config.epochs, steps) as progress:
            for number in range(1, config.epochs + 1):
                row = trainer.epoch(number, self._split, progress)
                yield Lap(seconds=time.perf_counter() - began, accuracy=row.validation_accuracy)

"""The loop: from a network and images to the weights that do best on validation images."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from artifact.metrics import Epoch
from training import checkpoint
from training.augment import Augmenter
from training.config import RunConfig
from training.data import Images, Split
from training.errors import DivergedError
from training.hardware import uses_bfloat16
from training.logits import network_logits
from training.losses import LOSSES
from training.normalization import Normalization, to_unit
from training.optimization import make_average, make_optimizer, make_scheduler
from training.progress import Progress

_SHOW_EVERY = 20  # steps between two looks at the running figures


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Attributes:
        network: With the weights of the chosen epoch, in evaluation mode.
        epoch: The chosen one: the best on validation images.
        curves: One row an epoch.
    """

    network: nn.Module
    epoch: int
    curves: tuple[Epoch, ...]

    @property
    def seconds(self) -> float:
        """Wall-clock time of all epochs."""
        return sum(row.seconds for row in self.curves)


@dataclass
class Training:
    """All that changes while a network is trained, and so all that a checkpoint holds."""

    network: nn.Module
    average: AveragedModel
    optimizer: Optimizer
    scheduler: LRScheduler
    generator: Generator
    curves: list[Epoch] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def best_row(self) -> Epoch:
        """The epoch of the highest validation accuracy; among equals, of the lowest loss."""
        return max(self.curves, key=lambda row: (row.validation_accuracy, -row.validation_loss))

    def finish_epoch(self, row: Epoch) -> None:
        """Note the epoch, and keep its averaged weights if it is the best so far."""
        self.curves.append(row)
        if self.best_row is row:
            weights = self.average.module.state_dict()
            self.best = {name: weight.clone() for name, weight in weights.items()}

    def state(self) -> dict[str, Any]:
        """Everything, as a checkpoint stores it."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "generator": self.generator.get_state(),
            "curves": [row.model_dump() for row in self.curves],
            "best": self.best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.generator.set_state(state["generator"])
        self.curves = [Epoch.model_validate(row) for row in state["curves"]]
        self.best = state["best"]


def fit(
    network: nn.Module,
    split: Split,
    normalization: Normalization,
    config: RunConfig,
    folder: Path,
) -> Fitted:
    """Train, or go on training from the folder's checkpoint; a finished run trains no more.

    Args:
        network: Fresh, on the device of the images.
        split: Training and validation images; the test images are not looked at.
        normalization: Of the network's input.
        config: What decides the result.
        folder: Where the checkpoint lies and is written after every epoch.

    Raises:
        CheckpointError: The folder holds a damaged checkpoint or one of another config.
        DivergedError: The loss is no longer a number.
    """
    steps = max(1, len(split.train) // config.batch_size)
    training = start(network, config, steps, split.train.pixels.device)
    if (state := checkpoint.load(folder, config)) is not None:
        training.restore(state)
    done = len(training.curves)
    with Progress(config.epochs, steps, done) as progress:
        for number in range(done + 1, config.epochs + 1):
            row = run_epoch(number, training, split, normalization, config, progress)
            training.finish_epoch(row)
            checkpoint.save(folder, {"config": config.model_dump(), **training.state()})
            progress.finish(row)
    network.load_state_dict(training.best)
    return Fitted(network.eval(), training.best_row.epoch, tuple(training.curves))


def start(network: nn.Module, config: RunConfig, steps: int, device: torch.device) -> Training:
    """The state before the first step.

    Args:
        network: Fresh, on the device.
        config: What decides the result.
        steps: Of the optimizer in one epoch.
        device: Of the images.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = make_optimizer(network, config)
    return Training(
        network=network,
        average=make_average(network, config.ema_decay),
        optimizer=optimizer,
        scheduler=make_scheduler(optimizer, config.schedule, steps * config.epochs),
        generator=Generator(device).manual_seed(config.seed),
    )


def run_epoch(
    number: int,
    training: Training,
    split: Split,
    normalization: Normalization,
    config: RunConfig,
    progress: Progress,
) -> Epoch:
    """Every training image once, then the averaged weights on the validation images."""
    began = time.perf_counter()
    loss, accuracy = train_epoch(number, training, split.train, normalization, config, progress)
    logits = network_logits(training.average.module, split.validation, normalization)
    labels = split.validation.labels
    return Epoch(
        epoch=number,
        learning_rate=training.scheduler.get_last_lr()[0],
        train_loss=loss,
        train_accuracy=accuracy,
        validation_loss=float(F.cross_entropy(logits, labels)),
        validation_accuracy=float((logits.argmax(dim=1) == labels).double().mean()),
        seconds=time.perf_counter() - began,
    )


def train_epoch(
    number: int,
    training: Training,
    images: Images,
    normalization: Normalization,
    config: RunConfig,
    progress: Progress,
) -> tuple[float, float]:
    """Mean loss and accuracy over the epoch's augmented images."""
    loss_of = LOSSES[config.loss]
    augment = Augmenter(config.augmentation, training.generator)
    lowered = uses_bfloat16(config, images.pixels.device)
    device = images.pixels.device
    total, correct, seen = torch.zeros((), device=device), torch.zeros((), device=device), 0
    training.network.train()
    for batch in shuffled(images, config.batch_size, training.generator):
        inputs = normalization(augment(to_unit(batch.pixels)))
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=lowered):
            logits = training.network(inputs)
        loss = loss_of(logits.float(), batch.labels)
        training.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        training.optimizer.step()
        training.scheduler.step()
        training.average.update_parameters(training.network)
        total += loss.detach() * len(batch)
        correct += (logits.argmax(dim=1) == batch.labels).sum()
        seen += len(batch)
        progress.step()
        if progress.visible and seen // len(batch) % _SHOW_EVERY == 0:
            progress.show(number, float(total / seen), float(correct / seen))
    if not total.isfinite():
        raise DivergedError(
            f"the loss was no longer a number in epoch {number}: try a lower --learning-rate "
            f"than {config.learning_rate}"
        )
    return float(total / seen), float(correct / seen)


def shuffled(images: Images, size: int, generator: Generator) -> Iterator[Images]:
    """Batches in random order; images that do not fill the last one wait for the next epoch."""
    order = torch.randperm(len(images), generator=generator, device=generator.device)
    for start in range(0, max(len(order) - size, 0) + 1, size):
        yield images[order[start : start + size]]

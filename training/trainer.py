"""From a network and images to the weights that do best on validation images."""

import time
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.optim.swa_utils import update_bn

from artifact.metrics import Epoch
from training import checkpoint
from training.augmentation import Augmenter
from training.checkpoint import History, State
from training.config import RunConfig
from training.data import Images, Outliers, Split
from training.data.normalization import Normalization, to_unit
from training.distillation import Teacher
from training.environment import describe_environment, uses_bfloat16
from training.errors import DivergedError
from training.evaluation.flaws import brief, watch
from training.evaluation.logits import network_logits
from training.optimization import (
    LOSSES,
    make_average,
    make_optimizer,
    make_scheduler,
    outlier_exposure,
)
from training.progress import Progress

_SHORT = 200  # steps in all: the running averages of so few are still near where they began
_CHUNK = 256  # images
_SHOW_EVERY = 20  # steps: a look at the running figures waits for the device


class Trainer:
    """A network under training, with its average, optimizer, schedule and random draws."""

    def __init__(
        self,
        network: nn.Module,
        normalization: Normalization,
        config: RunConfig,
        steps: int,
        teacher: Teacher | None = None,
    ) -> None:
        device = next(network.parameters()).device
        self.network = network.to(memory_format=torch.channels_last)
        self.teacher = teacher
        self.normalization = normalization
        self.config = config
        self.average = make_average(network, config.ema_decay)
        self.optimizer = make_optimizer(network, config)
        self.scheduler = make_scheduler(self.optimizer, config.schedule, steps * config.epochs)
        self._is_short = steps * config.epochs < _SHORT
        self.generator = Generator(device).manual_seed(config.seed)
        self.augment = Augmenter(config.augmentation, self.generator)
        self.autocast = torch.autocast(
            device.type, torch.bfloat16, enabled=uses_bfloat16(config, device)
        )

    def epoch(self, number: int, split: Split, progress: Progress) -> Epoch:
        """Learn from every training image once, then try the average on the validation images.

        Raises:
            DivergedError: The loss is no longer a number.
        """
        began = time.perf_counter()
        loss, accuracy = self._learn(number, split, progress)
        if self._is_short:
            self._measure_statistics(split.train)
        labels = split.validation.labels
        logits = network_logits(self.average.module, split.validation.pixels, self.normalization)
        if findings := brief(watch(logits.cpu().numpy(), labels.cpu().numpy())):
            progress.warn(number, findings)
        return Epoch(
            epoch=number,
            learning_rate=self.scheduler.get_last_lr()[0],
            train_loss=loss,
            train_accuracy=accuracy,
            validation_loss=float(F.cross_entropy(logits, labels)),
            validation_accuracy=float((logits.argmax(dim=1) == labels).double().mean()),
            seconds=time.perf_counter() - began,
        )

    def weights(self) -> dict[str, Tensor]:
        """A copy of the averaged weights."""
        return {name: weight.clone() for name, weight in self.average.module.state_dict().items()}

    def state(self) -> State:
        """All that changes, as a checkpoint stores it."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "generator": self.generator.get_state(),
        }

    def restore(self, state: State) -> None:
        """Go on from what `state` returned."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.generator.set_state(state["generator"])

    def _measure_statistics(self, images: Images) -> None:
        """Take the averaged network's normalisation statistics from all training images anew."""
        chunks = images.pixels.chunk(-(-len(images) // _CHUNK))
        update_bn(map(self.normalization.inputs, chunks), self.average.module)

    def _learn(self, number: int, split: Split, progress: Progress) -> tuple[float, float]:
        """Mean loss and accuracy over the epoch's augmented images, while the weights move."""
        size, seen = self.config.batch_of(len(split.train)), 0
        sums = torch.zeros(2, device=self.generator.device)  # there, so that nothing waits for them
        self.network.train()
        for done, batch in enumerate(shuffled(split.train, size, self.generator)):
            loss, logits = self._step(batch, self._draw(split.outliers, size))
            correct = (logits.argmax(dim=1) == batch.labels).sum()
            sums += torch.stack((loss.detach() * len(batch), correct))
            seen += len(batch)
            progress.step()
            if progress.visible and done % _SHOW_EVERY == 0:
                progress.show(number, *(sums / seen).tolist())
        mean_loss, accuracy = (sums / seen).tolist()
        if not isfinite(mean_loss):
            raise DivergedError(
                f"the loss was no longer a number in epoch {number}: try a lower --learning-rate "
                f"than {self.config.learning_rate}"
            )
        return mean_loss, accuracy

    def _step(self, batch: Images, extra: Images | None) -> tuple[Tensor, Tensor]:
        """Loss and logits of the batch, by which, and by outliers, the weights were moved."""
        pixels = batch.pixels if extra is None else torch.cat((batch.pixels, extra.pixels))
        inputs = self.normalization(self.augment(to_unit(pixels)))
        inputs = inputs.contiguous(memory_format=torch.channels_last)
        with self.autocast:
            outputs = self.network(inputs).float()
        logits, of_extra = outputs.tensor_split((len(batch),))
        loss = total = LOSSES[self.config.loss](logits, batch.labels)
        if self.teacher is not None:
            total = self.teacher.distill(loss, logits, inputs[: len(batch)])
        if extra is not None:
            total = total + self.config.outlier_weight * outlier_exposure(of_extra, extra.labels)
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        self.scheduler.step()
        self.average.update_parameters(self.network)
        return loss, logits

    def _draw(self, outliers: Outliers, batch: int) -> Images | None:
        """Draw the outliers of a batch of that many images; none where there are none to draw."""
        if outliers.learnt is None:
            return None
        count = round(self.config.outlier_share * batch)
        device = self.generator.device
        size = len(outliers.learnt)
        chosen = torch.randint(size, (count,), generator=self.generator, device=device)
        return outliers.learnt[chosen]


def shuffled(images: Images, size: int, generator: Generator) -> Iterator[Images]:
    """Batches in random order; images that do not fill the last one wait for the next epoch."""
    order = torch.randperm(len(images), generator=generator, device=generator.device)
    for start in range(0, max(len(order) - size, 0) + 1, size):
        yield images[order[start : start + size]]


def fit(
    network: nn.Module,
    split: Split,
    normalization: Normalization,
    config: RunConfig,
    folder: Path,
    teacher: Teacher | None = None,
) -> History:
    """Train, or go on training from the folder's checkpoint; a finished run trains no more.

    The network is left in evaluation mode, with the weights of the best epoch.

    Raises:
        CheckpointError: The folder holds a damaged checkpoint, or one of another config or other
            data; or it cannot be written.
        DivergedError: The loss is no longer a number.
    """
    steps = max(1, len(split.train) // config.batch_of(len(split.train)))
    trainer = Trainer(network, normalization, config, steps, teacher)
    history = History(environment=describe_environment(split.train.pixels.device))
    if (begun := checkpoint.load(folder, config, split.data)) is not None:
        history = begun.history
        with checkpoint.reading(folder):
            trainer.restore(begun.trainer)
    done = len(history.curves)
    with Progress(config.epochs, steps, done) as progress:
        for number in range(done + 1, config.epochs + 1):
            row = trainer.epoch(number, split, progress)
            history.curves.append(row)
            if history.best is row:
                history.weights = trainer.weights()
            checkpoint.save(folder, config, split.data, history, trainer.state())
            progress.finish(row)
    network.load_state_dict(history.weights)
    network.eval()
    return history

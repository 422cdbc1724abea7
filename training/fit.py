"""From a network and images to the weights that do best on validation images."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn

from artifact.metrics import Epoch
from training import checkpoint
from training.checkpoint import State
from training.config import RunConfig
from training.data import Split
from training.data.normalization import Normalization
from training.distillation import Teacher
from training.environment import Environment, describe_environment
from training.progress import Progress
from training.trainer import Trainer


@dataclass(frozen=True)
class Fitted:
    """A trained network."""

    network: nn.Module  # with the weights of the chosen epoch, in evaluation mode
    epoch: int  # the chosen one: the best on validation images
    curves: tuple[Epoch, ...]
    environment: Environment  # by what the run was begun

    @property
    def seconds(self) -> float:
        """Wall-clock time of all epochs."""
        return sum(row.seconds for row in self.curves)


@dataclass
class History:
    """The epochs so far, and the weights of the best of them."""

    environment: Environment
    curves: list[Epoch] = field(default_factory=list)
    weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def best(self) -> Epoch:
        """The row of the highest validation accuracy; among equals, of the lowest loss."""
        return max(self.curves, key=lambda row: (row.validation_accuracy, -row.validation_loss))

    def add(self, row: Epoch, trainer: Trainer) -> None:
        """Note an epoch, and keep its weights if it is the best so far."""
        self.curves.append(row)
        if self.best is row:
            self.weights = trainer.weights()

    def state(self) -> State:
        """The history, as a checkpoint stores it."""
        return {
            "environment": self.environment.model_dump(),
            "curves": [row.model_dump() for row in self.curves],
            "weights": self.weights,
        }

    @classmethod
    def of(cls, state: State) -> "History":
        """What `state` returned, as a history."""
        curves = [Epoch.model_validate(row) for row in state["curves"]]
        return cls(Environment.model_validate(state["environment"]), curves, state["weights"])


def fit(
    network: nn.Module,
    split: Split,
    normalization: Normalization,
    config: RunConfig,
    folder: Path,
    teacher: Teacher | None = None,
) -> Fitted:
    """Train, or go on training from the folder's checkpoint; a finished run trains no more.

    Raises:
        CheckpointError: The folder holds a damaged checkpoint, or one of another config or other
            data; or it cannot be written.
        DivergedError: The loss is no longer a number.
    """
    steps = max(1, len(split.train) // config.batch_of(len(split.train)))
    trainer = Trainer(network, normalization, config, steps, teacher)
    history = History(describe_environment(split.train.pixels.device))
    if (state := checkpoint.load(folder, config, split.data)) is not None:
        with checkpoint.reading(folder):
            trainer.restore(state["trainer"])
            history = History.of(state["history"])
    done = len(history.curves)
    with Progress(config.epochs, steps, done) as progress:
        for number in range(done + 1, config.epochs + 1):
            row = trainer.epoch(number, split, progress)
            history.add(row, trainer)
            state = {"trainer": trainer.state(), "history": history.state()}
            checkpoint.save(folder, config, split.data, **state)
            progress.finish(row)
    network.load_state_dict(history.weights)
    return Fitted(network.eval(), history.best.epoch, tuple(history.curves), history.environment)

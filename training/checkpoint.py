"""A run's training state on disk: whole or absent, never half written."""

import io
import pickle
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from artifact import files
from artifact.metrics import Epoch
from training.config import RunConfig
from training.data.identity import DataIdentity
from training.environment import Environment
from training.errors import CheckpointError

FILE: Final = "checkpoint.pt"
_FORMAT: Final = 2  # 1 did not say which data the run learns from
_DAMAGED: Final = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


State = dict[str, Any]  # tensors, numbers, strings, and lists and dicts of them


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Say in words that the run's checkpoint is not what `save` wrote.

    Raises:
        CheckpointError: In place of what torch and pydantic raise.
    """
    try:
        yield
    except _DAMAGED as error:
        raise CheckpointError(
            f"the checkpoint of run {folder.name!r} cannot be read: delete it to start over"
        ) from error


class History(BaseModel):
    """The epochs of a run so far, and the weights of the best of them."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    environment: Environment  # by what the run was begun
    curves: list[Epoch] = []
    weights: dict[str, Tensor] = {}

    @property
    def best(self) -> Epoch:
        """The row of the highest validation accuracy; among equals, of the lowest loss."""
        return max(self.curves, key=lambda row: (row.validation_accuracy, -row.validation_loss))

    @property
    def seconds(self) -> float:
        """Wall-clock time of all epochs."""
        return sum(row.seconds for row in self.curves)


@dataclass(frozen=True)
class Checkpoint:
    """What is known of a run that has been begun."""

    name: str
    config: RunConfig  # what it was started with
    data: DataIdentity  # what it learns from
    history: History
    trainer: State  # as `Trainer.state` returned it

    @classmethod
    def read(cls, folder: Path) -> "Checkpoint":
        """Read what the run of that folder has stored.

        Raises:
            CheckpointError: There is no such run, it was made by another version, or its
                checkpoint is damaged.
        """
        path, name = folder / FILE, folder.name
        if not path.is_file():
            raise CheckpointError(f"there is no run {name!r} that has got as far as an epoch")
        with reading(folder):
            state: State = torch.load(path, map_location="cpu", weights_only=True)
            _refuse_other_format(name, state.get("format", 1))
            return cls(
                name,
                RunConfig.model_validate(state["config"]),
                DataIdentity.model_validate(state["data"]),
                History.model_validate(state["history"]),
                state["trainer"],
            )

    def other_data(self, data: DataIdentity) -> str | None:
        """Say what differs where the run learnt from other data or other parts of it."""
        changes = self.data.differences(data)
        return changes and (
            f"run {self.name!r} learnt from other data: from {self.data}, and this is {data}. "
            f"What differs: {changes}"
        )


def refuse_overwriting(folder: Path) -> None:
    """Make sure that a new run does not lose an old one.

    Raises:
        CheckpointError: The run of that folder has been begun.
    """
    if (folder / FILE).exists():
        raise CheckpointError(
            f"run {folder.name!r} has been begun: --resume goes on with it, "
            "another --run-name begins a new one"
        )


def check_writable(folder: Path) -> None:
    """Find out before training whether its checkpoints can be written.

    Raises:
        CheckpointError: They cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CheckpointError(
            f"the folder of run {folder.name!r} cannot be written: {error.strerror}. "
            "Choose another --runs-dir"
        ) from error


def save(
    folder: Path, config: RunConfig, data: DataIdentity, history: History, trainer: State
) -> None:
    """Replace the checkpoint in one step, so that a kill at any moment leaves the old or the new.

    Raises:
        CheckpointError: It cannot be written; the one before is still there.
    """
    content = io.BytesIO()  # torch says nothing useful of a disk that is full
    state = {
        "format": _FORMAT,
        "config": config.model_dump(),
        "data": data.model_dump(),
        "history": history.model_dump(),
        "trainer": trainer,
    }
    torch.save(state, content)
    try:
        files.replace(folder / FILE, content.getbuffer())
    except OSError as error:
        raise CheckpointError(
            f"the checkpoint of run {folder.name!r} ({content.tell():,} bytes) cannot be written: "
            f"{error.strerror}. Free some space or choose another --runs-dir"
        ) from error


def load(folder: Path, config: RunConfig, data: DataIdentity) -> Checkpoint | None:
    """What the run has stored; None where it has not got as far as a checkpoint.

    Raises:
        CheckpointError: The file is damaged, or the run was started with other values or data.
    """
    if not (folder / FILE).is_file():
        return None
    checkpoint = Checkpoint.read(folder)
    if checkpoint.config != config:
        raise CheckpointError(
            f"run {folder.name!r} was started with other values: "
            f"{differences(checkpoint.config, config)}; repeat them, or choose another --run-name"
        )
    if told := checkpoint.other_data(data):
        raise CheckpointError(f"{told}. Another --run-name begins a new run")
    return checkpoint


def run_of_other_data(folder: Path, data: DataIdentity) -> str | None:
    """Say which run has learnt the same from other pictures, where this one has not been begun.

    The name of a folder's run holds the digest of its pictures: once they have changed, the run
    has another name.

    Raises:
        CheckpointError: The other run's checkpoint is damaged.
    """
    pattern = re.sub(r"-folder-[0-9a-f]{8}-", "-folder-*", folder.name)
    if pattern == folder.name or (folder / FILE).exists():
        return None
    others = sorted(folder.parent.glob(f"{pattern}/{FILE}"))
    told = (Checkpoint.read(path.parent).other_data(data) for path in others)
    return next(filter(None, told), None)


def differences(stored: RunConfig, config: RunConfig) -> str:
    """The fields that differ, as `name stored -> new`."""
    before, after = stored.model_dump(), config.model_dump()
    return ", ".join(
        f"{name} {before[name]} -> {after[name]}" for name in before if before[name] != after[name]
    )


def _refuse_other_format(name: str, found: int) -> None:
    if found != _FORMAT:
        other = "an older" if found < _FORMAT else "a newer"
        raise CheckpointError(
            f"run {name!r} was made by {other} version of Tandem (format {found}, accepted is "
            f"{_FORMAT}): delete its folder to start over, or choose another --run-name"
        )

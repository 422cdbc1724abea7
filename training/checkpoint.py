"""A run's training state on disk: whole or absent, never half written."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.config import RunConfig
from training.errors import CheckpointError

FILE = "checkpoint.pt"


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


def save(folder: Path, config: RunConfig, **state: Any) -> None:
    """Replace the checkpoint in one step, so that a kill at any moment leaves the old or the new.

    Args:
        folder: Of the run; made if missing.
        config: What the run was started with.
        **state: Tensors, numbers, strings, and lists and dicts of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{FILE}.partial"
    with partial.open("wb") as file:
        torch.save({"config": config.model_dump(), **state}, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / FILE)


def load(folder: Path, config: RunConfig) -> dict[str, Any] | None:
    """The state of the run, or None where it has not got as far as a checkpoint.

    Args:
        folder: Of the run.
        config: Must be the one that the run was started with.

    Raises:
        CheckpointError: The file is damaged, or the run was started with other values.
    """
    if not (folder / FILE).is_file():
        return None
    stored, state = _read(folder)
    if stored != config:
        raise CheckpointError(
            f"run {folder.name!r} was started with other values: {differences(stored, config)}; "
            "repeat them, or choose another --run-name"
        )
    return state


def chosen_weights(folder: Path) -> tuple[RunConfig, dict[str, Tensor]]:
    """What a run was started with, and the weights of its best epoch so far.

    Raises:
        CheckpointError: There is no such run, or its checkpoint is damaged.
    """
    if not (folder / FILE).is_file():
        raise CheckpointError(f"there is no run {folder.name!r} that has got as far as an epoch")
    config, state = _read(folder)
    weights: dict[str, Tensor] = state["history"]["weights"]
    return config, weights


def finished_weights(folder: Path) -> tuple[RunConfig, dict[str, Tensor], int]:
    """What a finished run was started with, the weights of its chosen epoch, and that epoch.

    Raises:
        CheckpointError: There is no such run, it is not finished, or its checkpoint is damaged.
    """
    config, weights = chosen_weights(folder)
    curves = _read(folder)[1]["history"]["curves"]
    if len(curves) < config.epochs:
        raise CheckpointError(
            f"run {folder.name!r} is at epoch {len(curves)} of {config.epochs}: --resume ends it"
        )
    best = max(curves, key=lambda row: (row["validation_accuracy"], -row["validation_loss"]))
    return config, weights, best["epoch"]


def _read(folder: Path) -> tuple[RunConfig, dict[str, Any]]:
    try:
        state: dict[str, Any] = torch.load(folder / FILE, map_location="cpu", weights_only=True)
        return RunConfig.model_validate(state["config"]), state
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"the checkpoint of run {folder.name!r} cannot be read: delete it to start over"
        ) from error


def differences(stored: RunConfig, config: RunConfig) -> str:
    """The fields that differ, as `name stored -> asked`."""
    before, after = stored.model_dump(), config.model_dump()
    return ", ".join(
        f"{name} {before[name]} -> {after[name]}" for name in before if before[name] != after[name]
    )

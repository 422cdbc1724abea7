import pickle
from pathlib import Path

import pytest
import torch

from tests.identities import BEGUN, DATA
from training import checkpoint
from training.augmentation import Augmentation
from training.config import RunConfig
from training.errors import CheckpointError

CONFIG = RunConfig(seed=3)


class Bomb:
    """What a hostile file would run when it is unpickled."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return (Path, ("never made",))


def test_state_comes_back(tmp_path: Path) -> None:
    history = BEGUN.model_copy(update={"weights": {"a": torch.ones(2)}})
    checkpoint.save(tmp_path / "new", CONFIG, DATA, history, {"rows": [{"epoch": 1}]})
    begun = checkpoint.load(tmp_path / "new", CONFIG, DATA)
    assert begun is not None
    assert torch.equal(begun.history.weights["a"], torch.ones(2))
    assert begun.history.environment == BEGUN.environment
    assert begun.trainer == {"rows": [{"epoch": 1}]}


def test_run_without_a_checkpoint_has_no_state(tmp_path: Path) -> None:
    assert checkpoint.load(tmp_path, CONFIG, DATA) is None


def test_writing_leaves_one_file(tmp_path: Path) -> None:
    for value in range(2):
        checkpoint.save(tmp_path, CONFIG, DATA, BEGUN, {"value": value})
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


def test_interrupted_writing_leaves_the_old_checkpoint(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, CONFIG, DATA, BEGUN, {"value": 1})
    with pytest.raises((pickle.PicklingError, AttributeError)):
        checkpoint.save(tmp_path, CONFIG, DATA, BEGUN, {"value": lambda: None})
    begun = checkpoint.load(tmp_path, CONFIG, DATA)
    assert begun is not None
    assert begun.trainer == {"value": 1}


@pytest.mark.parametrize("kept", [0, 10, 200, -1], ids=lambda kept: f"{kept} bytes")
def test_damaged_checkpoint_is_refused(kept: int, tmp_path: Path) -> None:
    checkpoint.save(tmp_path, CONFIG, DATA, BEGUN, {"value": torch.ones(100)})
    path = tmp_path / checkpoint.FILE
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match="cannot be read: delete it to start over"):
        checkpoint.load(tmp_path, CONFIG, DATA)


def test_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    torch.save({"config": CONFIG.model_dump(), "value": Bomb()}, tmp_path / checkpoint.FILE)
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint.load(tmp_path, CONFIG, DATA)


def test_other_values_are_named(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, CONFIG, DATA, BEGUN, {})
    other = RunConfig(seed=4, augmentation=Augmentation(noise=0))
    with pytest.raises(CheckpointError, match=r"augmentation .* -> .*, seed 3 -> 4;"):
        checkpoint.load(tmp_path, other, DATA)


def test_run_begun_before_is_not_overwritten(tmp_path: Path) -> None:
    checkpoint.refuse_overwriting(tmp_path)
    checkpoint.save(tmp_path, CONFIG, DATA, BEGUN, {})
    with pytest.raises(CheckpointError, match=r"has been begun: --resume .* --run-name"):
        checkpoint.refuse_overwriting(tmp_path)

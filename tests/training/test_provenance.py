import re
from pathlib import Path

import pytest
import torch

from training import provenance
from training.config import RunConfig
from training.data import Split
from training.fit import Fitted


def test_commit_is_a_hash_or_unknown() -> None:
    commit = provenance.commit()
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", commit)


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commit() is None


def test_everything_that_made_the_weights_is_told(small: Split) -> None:
    config = RunConfig(seed=5, train_ratio=0.7)
    fitted = Fitted(torch.nn.Identity(), epoch=3, curves=())
    told = provenance.describe(config, small, fitted, torch.device("cpu"))
    assert RunConfig.model_validate(told.config) == config
    assert (told.seed, told.epoch, told.dataset) == (5, 3, "digits")
    assert (told.split.train, told.split.validation, told.split.test) == (320, 100, 60)
    assert torch.__version__.startswith(told.libraries["torch"])
    assert "cores" in told.hardware

import re
from pathlib import Path

import pytest
import torch

from training import environment


def test_commit_is_a_hash_or_unknown() -> None:
    commit = environment.commit()
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", commit)


def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.commit() is None


def test_libraries_and_machine_are_told() -> None:
    told = environment.describe_environment(torch.device("cpu"))
    assert torch.__version__.startswith(told.libraries["torch"])
    assert "cores" in told.hardware

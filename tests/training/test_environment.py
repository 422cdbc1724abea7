"""The environment of a run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training import environment

STEPS = """
import resource, sys
import torch
from training.environment import reuse_memory
torch.set_num_threads(1)
if sys.argv[1] == "reuse":
    reuse_memory()
def step():
    [torch.ones(1_000_000) for _ in range(16)]
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


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


def faults(how: str) -> int:
    # As glibc begins; by itself it adapts, sooner or later.
    beginning = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}
    command = [sys.executable, "-c", STEPS, how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=beginning)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc alone")
def test_steps_ask_the_system_for_no_new_pages() -> None:
    assert faults("reuse") < faults("as it is") / 10

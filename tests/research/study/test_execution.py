"""A process that dies while it is at a run."""

import multiprocessing
import time
from pathlib import Path

import pytest

from research.study.definition import Run
from research.study.execution import in_processes
from research.study.runner import Job
from training.config import RunConfig


def job(folder: Path, seed: int) -> Job:
    run = Run(RunConfig(epochs=2, seed=seed))
    return Job(f"seed {seed}", run, folder / f"seed{seed}", folder)


@pytest.mark.timeout(400)  # three processes load torch, on a machine that may have other work
def test_process_that_dies_fails_its_run_alone(tmp_path: Path) -> None:
    results = in_processes([job(tmp_path, seed) for seed in range(3)], 1)
    assert next(results).outcome is not None
    while not (processes := multiprocessing.active_children()):
        time.sleep(0.01)
    [process] = processes
    process.kill()
    failed, last = results
    assert (failed.job.name, failed.outcome, failed.reason) == (
        "seed 1",
        None,
        "its process died: of a signal, or for want of memory",
    )
    assert last.outcome is not None
    assert not multiprocessing.active_children()

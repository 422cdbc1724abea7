"""Two commands that want the same run, and a process that dies while it is at one."""

import multiprocessing
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from research.output import write
from research.study.definition import Run
from research.study.execution import Job, in_processes, lock, remove, run_job
from training.config import RunConfig


def job(folder: Path, seed: int = 0) -> Job:
    run = Run(RunConfig(epochs=2, seed=seed))
    return Job(
        f"seed {seed}", run, folder / "run", folder, folder / "results" / f"{run.digest}.json"
    )


def test_run_that_another_command_has_done_meanwhile_is_not_done_again(tmp_path: Path) -> None:
    planned = job(tmp_path)
    outcome = run_job(planned)
    assert planned.result
    write(planned.result, outcome)
    shutil.rmtree(planned.folder)
    assert run_job(planned) == outcome
    assert not list(planned.folder.glob("checkpoint*"))


def test_run_that_is_finished_but_not_stored_yet_is_not_trained_again(tmp_path: Path) -> None:
    first, second = run_job(job(tmp_path)), run_job(job(tmp_path))
    assert second.metrics.curves == first.metrics.curves  # their seconds too


def test_folder_is_not_removed_from_under_another_command(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with ThreadPoolExecutor() as threads:
        with lock(folder):
            removal = threads.submit(remove, folder)
            folder.mkdir()
            (folder / "checkpoint.pt").write_bytes(b"at work")
            with pytest.raises(TimeoutError):
                removal.result(timeout=0.2)
            assert (folder / "checkpoint.pt").exists()
        removal.result(timeout=10)
    assert not folder.exists()


@pytest.mark.timeout(400)  # three processes load torch, on a machine that may have other work
def test_process_that_dies_fails_its_run_alone(tmp_path: Path) -> None:
    results = in_processes([job(tmp_path / str(seed), seed) for seed in range(3)], 1)
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

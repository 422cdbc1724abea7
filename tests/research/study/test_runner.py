"""Two commands that want the same run."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from research.output import write
from research.study.definition import Run
from research.study.runner import Job, lock, remove, run_job
from training.config import RunConfig


def job(folder: Path) -> Job:
    run = Run(RunConfig(epochs=1))
    return Job("seed 0", run, folder / "run", folder, folder / "results" / f"{run.digest}.json")


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

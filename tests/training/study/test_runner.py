"""Two commands that want the same run."""

import shutil
from pathlib import Path

from artifact.study import Outcome
from training.config import RunConfig
from training.study.definition import Run
from training.study.runner import Job, Runner


def job(folder: Path) -> Job:
    (folder / "results").mkdir()
    run = Run(RunConfig(epochs=1))
    return Job("seed 0", run, folder / "run", folder, folder / "results" / f"{run.digest}.json")


def test_outcome_is_stored_before_the_folder_is_free(tmp_path: Path) -> None:
    wanted = job(tmp_path)
    outcome = Runner()(wanted)
    assert wanted.result
    assert Outcome.model_validate_json(wanted.result.read_bytes()) == outcome


def test_run_that_another_command_has_done_meanwhile_is_not_done_again(tmp_path: Path) -> None:
    wanted = job(tmp_path)
    outcome = Runner()(wanted)
    shutil.rmtree(wanted.folder)
    assert Runner()(wanted) == outcome
    assert not list(wanted.folder.glob("checkpoint*"))


def test_place_that_this_machine_does_not_have_is_not_made(tmp_path: Path) -> None:
    wanted = job(tmp_path)
    (tmp_path / "results").rmdir()
    Runner()(wanted)
    assert not (tmp_path / "results").exists()

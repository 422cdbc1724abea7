"""Studies of the digits, as a person gives the command: whole, killed, resumed, refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from artifact.study import Outcome, Studies, open_study
from research.__main__ import main
from tests.pictures import draw, draw_folder
from tests.processes import children, is_running

TINY = ("--dataset", "digits", "--epochs", "3", "--seeds", "2")
STUDY = "optimizers"  # three arms


def places(folder: Path) -> tuple[str, ...]:
    return ("--runs-dir", str(folder / "runs"), "--studies-dir", str(folder / "studies"))


def study(folder: Path, *options: str) -> int:
    return main(["study", *TINY, *places(folder), *(options or (STUDY,))])


def outcomes(folder: Path) -> dict[str, Outcome]:
    """Every finished run without what no two runs have in common: the time that it took."""
    paths = (folder / "studies" / "runs").glob("*.json")
    return {path.stem: timeless(Outcome.model_validate_json(path.read_bytes())) for path in paths}


def timeless(outcome: Outcome) -> Outcome:
    curves = tuple(row.model_copy(update={"seconds": 0.0}) for row in outcome.metrics.curves)
    return outcome.model_copy(
        update={
            "metrics": outcome.metrics.model_copy(update={"curves": curves}),
            "provenance": outcome.provenance.model_copy(update={"seconds": 0.0}),
        }
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the study was done without a break."""
    folder = tmp_path_factory.mktemp("study")
    assert study(folder) == 0
    return folder


def test_every_run_is_stored_with_its_whole_config(whole: Path) -> None:
    stored = open_study(whole / "studies" / STUDY).whole()
    assert [arm.label for arm in stored.study.arms] == ["sgd", "sgd with momentum", "adam"]
    assert stored.study.digests == stored.runs.keys()
    assert len(stored.runs) == 6
    for arm in stored.study.arms:
        for seed, digest in arm.runs.items():
            provenance = stored.runs[digest].provenance
            expected = {**stored.study.base, **arm.changes, "seed": seed}
            assert provenance.config == expected
            assert len(stored.runs[digest].metrics.curves) == 3


def test_checkpoints_of_finished_runs_are_deleted(whole: Path) -> None:
    assert not [*(whole / "runs").glob("study-*")]


def test_finished_study_trains_nothing(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in (whole / "studies" / "runs").iterdir()}
    assert study(whole) == 0
    assert "6 runs, 0 of them to be done" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.timeout(400)  # three processes load torch, on a machine that may have other work
def test_study_killed_in_its_processes_goes_on_to_the_same_results(
    tmp_path: Path, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [*TINY, *places(tmp_path), "--processes", "2"]
    command = [sys.executable, "-m", "research", "study", STUDY, *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        workers: list[int] = []
        while process.poll() is None and not (
            half_finished(tmp_path) and outcomes(tmp_path) and len(workers) >= 2
        ):
            time.sleep(0.005)
            workers = children(process.pid)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    finished = outcomes(tmp_path)
    assert 0 < len(finished) < 6
    assert study(tmp_path) == 0
    assert f"6 runs, {6 - len(finished)} of them to be done" in capsys.readouterr().out
    assert outcomes(tmp_path) == outcomes(whole)
    assert len(workers) >= 2
    assert not [*filter(is_running, workers)], "they end with their parent"


def half_finished(folder: Path) -> list[Path]:
    return [*(folder / "runs").glob("*/checkpoint.pt")]


@pytest.mark.timeout(400)
def test_ray_cluster_gives_the_same_results(tmp_path: Path, whole: Path) -> None:
    here = [sys.executable, "-m", "tests.research.study.cluster"]
    ended = subprocess.run(
        [*here, "study", STUDY, *TINY, *places(tmp_path), "--processes", "1"],
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "[6/6] optimizers: " in ended.stdout
    assert outcomes(tmp_path) == outcomes(whole)


def test_ray_that_is_not_installed_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert study(tmp_path, STUDY, "--ray", "auto") == 1
    assert "--ray needs the package ray: pip install 'tandem[ray]'" in capsys.readouterr().err


def test_runs_that_studies_share_are_done_once(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path / "studies" / "runs"
    shared.parent.mkdir()
    shared.symlink_to(whole / "studies" / "runs")
    assert study(tmp_path, "architectures", "optimizers", "--seeds", "1") == 0
    assert "architectures, optimizers: 4 runs, 1 of them to be done" in capsys.readouterr().out


def test_study_of_another_base_is_refused_by_name(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(whole, STUDY, "--epochs", "4") == 1
    assert "study 'optimizers' is stored with another base, epochs 3 -> 4" in (
        capsys.readouterr().err
    )


def test_result_of_another_config_is_refused_by_name(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = tmp_path / "studies" / "runs"
    runs.mkdir(parents=True)
    path = next((whole / "studies" / "runs").iterdir())
    stored: dict[str, Any] = json.loads(path.read_bytes())
    stored["provenance"]["config"]["learning_rate"] = 0.5
    (runs / path.name).write_text(json.dumps(stored), "utf-8")
    assert study(tmp_path) == 1
    assert f"runs/{path.name} holds the result of another config" in capsys.readouterr().err


def test_failed_run_is_named_and_loses_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run's checkpoint is damaged; the study tells, goes on, and can be run again."""
    assert study(tmp_path, STUDY, "--seeds", "1", "--keep-checkpoints") == 0
    *_, adam = open_study(tmp_path / "studies" / STUDY).study.arms
    (tmp_path / "studies" / "runs" / f"{adam.runs[0]}.json").unlink()
    (tmp_path / "runs" / f"study-{adam.runs[0]}" / "checkpoint.pt").write_bytes(b"")
    capsys.readouterr()
    assert study(tmp_path, STUDY, "--seeds", "1") == 1
    told = capsys.readouterr()
    assert "[1/1] optimizers: adam, seed 0 " in told.out
    assert "FAILED: the checkpoint of run 'study-" in told.out
    assert "missing: adam, seed 0: the checkpoint of run" in told.out
    assert "runs are missing" in told.err
    [missing] = open_study(tmp_path / "studies" / STUDY).study.missing
    assert (missing.arm, missing.seed) == ("adam", 0)


def test_what_is_stored_can_be_verified(whole: Path) -> None:
    [stored] = Studies.scan(whole / "studies")
    assert set(stored.study.figures) >= {"accuracy", "curves", "trade"}


def test_unknown_study_is_refused_with_those_that_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert study(tmp_path, "optimisers") == 1
    assert "no study 'optimisers'; there are: architectures, " in capsys.readouterr().err


def test_pictures_that_have_changed_are_no_part_of_a_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = draw_folder(tmp_path / "stamps")
    own = ("--dataset", "folder", "--data-dir", str(pictures), "--epochs", "1", "--seeds", "1")
    assert main(["study", STUDY, *own, *places(tmp_path)]) == 0
    draw(pictures / "train" / "bar" / "more.png", 0, 900)
    before = outcomes(tmp_path)
    for options in ((), ("--seeds", "2"), ("--stored-only",)):
        assert main(["study", STUDY, *own, *places(tmp_path), *options]) == 1
        told = capsys.readouterr().err
        assert "a result of other data: of stamps (" in told
        assert "pictures 84 -> 85. Choose another --studies-dir" in told
    assert outcomes(tmp_path) == before

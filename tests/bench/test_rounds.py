import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.serving.bodies import Body
from bench.serving.contestants import Contestant, ContestantFailed, Route
from bench.serving.rounds import Records, RoundProgress, Rounds
from bench.serving.running.launch import Cores, Launcher, Posted

ROUTE = Route("picture", "/predict", (1,))
DIES = Contestant("dies", "one that dies", None, ("{python}", "-c", "exit('boom')"), (ROUTE,))
WRONG = Contestant(
    "wrong",
    "one that is wrong",
    None,
    ("{python}", "-m", "tests.bench.naming", "{port}", "8"),
    (ROUTE,),
)


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    body = Body({"Content-Type": "image/png"}, (b"picture",), (("7",),))
    return Launcher(
        environments=tmp_path,
        tandem_python=Path(sys.executable),
        models=tmp_path,
        onnx=tmp_path,
        labels=tuple("0123456789"),
        bodies={"picture": Posted(body, [])},
        cores=Cores(0, 0),
        scratch=tmp_path,
    )


def run(launcher: Launcher, *contestants: Contestant, rounds: int = 2) -> tuple[Records, list[str]]:
    records, lines = Records(), list[str]()
    progress = RoundProgress(10, lines.append)
    Rounds(launcher, contestants, rounds, 1, 60, progress, records).run()
    return records, lines


def test_server_that_dies_is_named_once_and_the_others_go_on(launcher: Launcher) -> None:
    records, lines = run(launcher, DIES, WRONG)
    reasons = {failure.contestant: failure.reason for failure in records.failures}
    assert reasons["dies"] == "died; its last line was: boom"
    assert "wrong" in reasons
    assert sum("boom" in line for line in lines) == 1


def test_failure_names_no_folder_of_this_machine(launcher: Launcher) -> None:
    program = f"exit('no file {launcher.scratch}/model.onnx')"
    records, _ = run(launcher, replace(DIES, command=("{python}", "-c", program)), rounds=1)
    assert records.failures[0].reason == "died; its last line was: no file .../model.onnx"


def test_server_that_names_something_else_is_not_measured(launcher: Launcher) -> None:
    records, _ = run(launcher, WRONG, rounds=1)
    [failure] = records.failures
    assert (failure.kind, failure.reason) == ("picture", "/predict names 8 what shows 7")
    assert not records.loads


def test_server_that_answers_is_ready_as_soon_as_it_does(launcher: Launcher) -> None:
    began = time.perf_counter()
    with launcher.serve(WRONG) as serving:
        assert 0 < serving.seconds <= time.perf_counter() - began
        assert serving.server.memory().processes == 1


def test_path_that_answers_an_error_is_said(launcher: Launcher) -> None:
    with (
        launcher.serve(WRONG) as serving,
        pytest.raises(ContestantFailed, match="/other does not answer a picture"),
    ):
        launcher.check(serving, Route("picture", "/other"))


def test_answer_that_names_nothing_is_said(launcher: Launcher) -> None:
    mute = replace(WRONG, command=(*WRONG.command[:-1], '", "x'))
    with pytest.raises(ContestantFailed, match="names nothing"), launcher.serve(mute):
        pass


def test_no_round_is_begun_that_would_end_too_late(launcher: Launcher) -> None:
    lines: list[str] = []
    Rounds(launcher, [WRONG], 5, 1, 0, RoundProgress(1, lines.append), Records()).run()
    assert "no time for round 2 of 5" in lines[-1]

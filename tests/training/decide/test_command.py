"""The command as a person runs it: Ctrl-C stops it, and it may become the service."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifact.repository import Repository
from service.settings import Settings
from tests.training.decide.drawn import write_folder
from training.__main__ import main

pytestmark = pytest.mark.timeout(300)


def command(folder: Path) -> list[str]:
    places = ("--runs-dir", f"{folder}/runs", "--models-dir", f"{folder}/models")
    arms = ("--arms", "linear-hog-colour", "mobilenet")
    options = ("--minutes", "60", "--epochs", "8", "--threads", "1")
    program = (sys.executable, "-m", "training", "decide", f"{folder}/shapes")
    return [*program, *arms, *options, *places, "--json", f"{folder}/out.json"]


@pytest.fixture
def _interrupts_are_heeded() -> Iterator[None]:
    """What is started in a shell's background ignores interrupts, and so would what it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interrupts_are_heeded")
def test_ctrl_c_leaves_nothing_half_done_and_the_same_command_goes_on(tmp_path: Path) -> None:
    write_folder(tmp_path / "shapes", 6)
    said = []
    with subprocess.Popen(command(tmp_path), stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            said.append(line)
            if "mobilenet: fold 2 of" in line:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert said[-1] == "training: stopped; the same command goes on from here\n"
    assert not (tmp_path / "models").exists() or not [*Repository.scan(tmp_path / "models")]
    assert not [*tmp_path.glob("models/*/.staging*")]

    again = subprocess.run(command(tmp_path), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    folds = re.findall(r"mobilenet: fold \d of 5, [\d.]+% \((\d+) s", again.stderr)
    assert len(folds) == 5
    published = json.loads((tmp_path / "out.json").read_text())["published"]
    assert {str(one) for one in Repository.scan(tmp_path / "models")} == set(published)


def test_serve_makes_the_pick_and_its_runtime_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MODELS_DIR", "DEFAULT_MODEL", "RUNTIMES"):
        monkeypatch.setenv(f"TANDEM_{name}", "")
    monkeypatch.delenv("TANDEM_RUNTIMES")
    begun: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: begun.append(command[1:]))
    places = ("--runs-dir", str(tmp_path / "runs"), "--models-dir", str(tmp_path / "models"))
    written = tmp_path / "out.json"
    options = ("--arms", "linear-hog-colour", "--json", str(written), "--serve")
    assert main(["decide", str(write_folder(tmp_path / "shapes", 8)), *places, *options]) == 0
    pick = json.loads(written.read_text())["decision"]["pick"]
    assert begun == [["-m", "service"]]
    assert os.environ["TANDEM_DEFAULT_MODEL"] == pick["model"].partition("/")[0]
    assert os.environ["TANDEM_RUNTIMES"].partition(",")[0] == pick["runtime"]
    assert Settings().models_dir == tmp_path / "models"

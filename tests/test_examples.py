"""Every program in examples/ runs, and says what it promises."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.known_answer import GAIN, picture, publish_known_answer
from tests.service.process import Running, serving

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of `known`."""
    root = tmp_path_factory.mktemp("models")
    publish_known_answer(root, version=1)
    publish_known_answer(root, version=2, gain=2 * GAIN)
    return root


@pytest.fixture(scope="module")
def service(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    log = tmp_path_factory.mktemp("log") / "service.log"
    with serving(log, models_dir=repository, runtimes="onnx") as running:
        yield running


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    path.write_bytes(picture("top-left"))
    return path


def output_of(program: str, *arguments: object) -> str:
    ended = subprocess.run(
        [sys.executable, EXAMPLES / program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,  # on a machine that others use too
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_every_program_is_listed_and_tested() -> None:
    listed, tests = (EXAMPLES / "README.md").read_text(), Path(__file__).read_text()
    programs = [path.name for path in EXAMPLES.glob("*.py")]
    assert len(programs) >= 6
    assert all(f"({program})" in listed and f'"{program}"' in tests for program in programs)


def test_httpx_client_gets_answers_and_a_refusal(service: Running, file: Path) -> None:
    said = output_of("ask_with_httpx.py", file, service.url)
    assert "known: top-left" in said
    assert "several: ['top-left', 'top-left']" in said
    assert "refused with 415" in said


def test_triton_client_gets_labels_and_logits(service: Running, file: Path) -> None:
    said = output_of("ask_with_tritonclient.py", file, f"127.0.0.1:{service.port}")
    assert "top-left" in said
    assert "logits of shape (1, 4)" in said


def test_own_folder_is_learnt_and_answered() -> None:
    lines = output_of("train_own_folder.py").splitlines()
    assert lines[0].endswith("labels circle, cross, square")
    assert [line.partition(":")[0] for line in lines[1:]] == ["circle", "cross", "square"]


def test_folder_is_drawn_with_as_many_pictures_of_each_kind(tmp_path: Path) -> None:
    output_of("draw_a_folder.py", tmp_path / "things", 2)
    drawn = sorted(file.relative_to(tmp_path / "things") for file in tmp_path.rglob("*.png"))
    assert [str(file) for file in drawn] == [
        f"{kind}/{number:03}.png" for kind in ("coin", "crate", "kite") for number in range(2)
    ]


@pytest.mark.timeout(320)
def test_own_folder_is_decided_served_and_answered() -> None:
    lines = output_of("decide_own_folder.py").splitlines()
    assert lines[0].startswith("Ship things-")
    kinds = ("coin", "crate", "kite")
    assert [line.partition(":")[0] for line in lines[-3:]] == [*kinds]
    assert sum(f"{kind}: {kind}" in lines for kind in kinds) >= 2


def test_two_versions_are_compared(repository: Path) -> None:
    assert "no more than noise" in output_of("compare_two_versions.py", "known", 1, 2, repository)


def test_evidence_of_the_published_models_is_read() -> None:
    said = output_of("read_the_evidence.py", "models", "mobilenet")
    assert "test accuracy 99." in said
    assert "most often confused: " in said


def test_model_is_chosen_within_the_constraints() -> None:
    said = output_of("choose_a_model.py", "models", 1, 200)
    assert said.startswith("mnist: mobilenet")


def test_added_runtime_agrees_with_onnx_runtime(repository: Path) -> None:
    said = output_of("add_a_runtime.py", repository)
    assert float(said.rsplit(" ", 1)[1]) < 1e-4

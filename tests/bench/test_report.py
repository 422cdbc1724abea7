from pathlib import Path

import pytest
from PIL import Image

from bench.serving.goals import GOALS
from bench.serving.report import read, render, write
from bench.serving.results import Results
from tests.bench.samples import results

PAGE = render(results())


@pytest.mark.parametrize(
    "row",
    [
        "against FastAPI + ONNX Runtime (form file) | at least 1.3x | 1.50x (1.00x to 2.00x) | yes",
        "all loads | none | 0 | yes",
        "16 clients, against the same | at least 2.3x | 2.50x (2.00x to 3.00x) | yes",
        "of bare ONNX Runtime in a loop | at least 85% | 85% (80% to 90%) | yes",
        "against Ray Serve | at least 20x | 85.0x (80.0x to 90.0x) | yes",
        "against mosec | at least 1x | - | -",
        "first right answer, ONNX only | at most 1.0 s | 1.00 s (0.50 s to 1.50 s) | yes",
        "resident memory of a worker, ready | at most 120 MB | 80 MB | yes",
        "by core time a request | near 2x: at least 1.8x | 1.90x | yes",
        "p99 of the refused | at once: at most 20 ms | 1.5 ms | yes",
        "that wait for one another | kept: at most 1.1x | 1.20x | **no**",
        "lost, or answered with another error | none | 1 | **no**",
        "memory afterwards, against before | flat: at most 1.1x | 1.01x | yes",
    ],
    ids=[
        *("form", "errors", "body", "loop", "ray", "not measured", "ready", "memory"),
        *("workers", "refused", "accepted", "lost", "flat"),
    ],
)
def test_goal_is_held_against_what_was_measured(row: str) -> None:
    assert row in PAGE


def test_goal_that_is_missed_says_no() -> None:
    slow = results().model_copy(update={"loads": results().loads[::-1], "loops": ()})
    starts = [start.model_copy(update={"ready_rss_mb": 121}) for start in slow.starts]
    page = render(slow.model_copy(update={"starts": tuple(starts)}))
    assert "at most 120 MB | 121 MB | **no**" in page


def test_every_goal_has_a_row() -> None:
    assert all(f"| {goal.what} | {goal.target} |" in PAGE for goal in GOALS)


@pytest.mark.parametrize(
    "line",
    [
        "10 of 20 are met",
        "| FastAPI + ONNX Runtime | PNG as form file | - | 1.5x (1.0x to 2.0x) | - |",
        "| Tandem | PNG as body | - / 8,500 / - | - / 1.00 / - | - / 2.00 / - | - / 0.100 / - |",
        "| Ray Serve | 20.00 | 80 | 100 | 90 | 1 |",
        "Two workers, with a core each, answer 1.90x as many requests as one",
        "| 2 | 1,900 | 1.000 |",
        "| refused with 503 | 789 | - | 1.5 |",
        "788 of the refused said `Retry-After`",
        "- MLServer: cannot be installed here",
        "| FastAPI + ONNX Runtime | fastapi 0.165.0 |",
    ],
    ids=[
        *("goals", "like", "load", "start", "workers", "core time", "refused", "retry"),
        *("failure", "versions"),
    ],
)
def test_page_says_what_was_measured(line: str) -> None:
    assert line in PAGE


def test_report_is_written_again_from_what_it_stored(tmp_path: Path) -> None:
    written = write(results(), tmp_path / "first")
    again = write(read(tmp_path / "first" / "serving.json"), tmp_path / "again")
    assert [path.read_bytes() for path in written] == [path.read_bytes() for path in again]
    with Image.open(tmp_path / "again" / "serving.png") as figure:
        assert figure.format == "PNG"
        assert figure.width > 1000


def test_report_of_nothing_is_still_a_report(tmp_path: Path) -> None:
    nothing = Results(date="", hardware="", load_seconds=1, versions={})
    assert "Not measured." in render(nothing)
    assert all(path.stat().st_size for path in write(nothing, tmp_path))

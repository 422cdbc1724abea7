import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from artifact.metrics import Seeds
from artifact.statistics.comparison import ModelComparison, compare_models
from research.__main__ import main
from research.accuracy_cost import draw_comparison
from research.compare import lines
from tests.contenders import contender
from tests.known_answer import GAIN, publish_known_answer
from training.figures.canvas import png


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    publish_known_answer(root, "one", runtimes=("onnx",))
    publish_known_answer(root, "two", gain=2 * GAIN, runtimes=("onnx",))
    return root


def test_command_prints_writes_and_draws(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, figure = tmp_path / "new" / "comparison.json", tmp_path / "comparison.png"
    options = ("--models-dir", str(models), "--output", str(document), "--figure", str(figure))
    assert main(["compare", *options]) == 0
    printed = capsys.readouterr().out
    assert "quarters, 5 test images" in printed
    assert "one/1, two/1" in printed
    (group,) = ModelComparison.model_validate(json.loads(document.read_text("utf-8"))).groups
    assert [model.model for model in group.models] == ["one/1", "two/1"]
    with Image.open(figure) as picture:
        assert picture.width == 1500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "three"), "published models: one, two"),
        (("--models-dir", "nowhere"), "directory nowhere cannot be read"),
    ],
    ids=["no-such-model", "no-repository"],
)
def test_mistake_is_explained(
    models: Path, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--models-dir", str(models), *options]) == 1
    assert message in capsys.readouterr().err


def test_file_that_cannot_be_written_is_refused(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--models-dir", str(models), "--output", str(tmp_path)]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_table_says_what_is_noise() -> None:
    text = "\n".join(
        lines(
            compare_models(
                [contender("good", {1}), contender("fair", {2, 3}), contender("poor", range(20))]
            )
        )
    )
    noise, clear = (
        next(line for line in text.splitlines() if pair in line)
        for pair in ("good/1, fair/1", "good/1, poor/1")
    )
    assert noise.endswith("not more than noise")
    assert not clear.endswith("not more than noise")
    assert "+47.50" in clear
    assert "19 : 0" in clear


def test_table_marks_what_is_unbeaten() -> None:
    fast = contender("fast", {1}, p50_ms={"onnx": 0.1, "torchscript": 0.9})
    (group,) = (comparison := compare_models([fast, contender("slower", {1})])).groups
    text = [line.split() for line in lines(comparison)]
    assert ["fast/1", "onnx", "97.50%", "3.9", "100", "size,", "latency"] in text
    assert ["fast/1", "torchscript", "97.50%", "3.9", "900", "size"] in text
    assert len(group.size_front) == 2, "two files of one size and accuracy"


def test_seeds_spread_is_told_where_it_is_known() -> None:
    one = contender("one", {1})
    assert one.metrics is not None
    seeds = Seeds(test_accuracy={0: 0.96, 1: 0.98}, mean=0.97, standard_deviation=0.0141)
    told = one.metrics.model_copy(update={"seeds": seeds})
    known = compare_models([replace(one, metrics=told)])
    assert "97.000% ± 1.410%" in "\n".join(lines(known))


def test_other_test_sets_are_said_not_to_be_compared() -> None:
    apart = compare_models([contender("a", ()), contender("b", (), dataset="other")])
    assert "models of different test images are not compared with each other" in [*lines(apart)]


@pytest.mark.parametrize("count", [1, 2, 7])
def test_any_number_of_models_can_be_drawn(count: int) -> None:
    (group,) = compare_models(
        contender(f"m{k}", range(k), p50_ms={"onnx": 0.1 + k, "onnx-int8": 0.2 + k})
        for k in range(count)
    ).groups
    with Image.open(io.BytesIO(png(draw_comparison(group)))) as picture:
        assert picture.width == 1500

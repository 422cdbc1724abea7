"""The command `evaluate`, run as a user runs it, on pictures whose right answers are known."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from research.__main__ import main
from research.robustness.report import EvaluationReport, SetReport
from research.robustness.samples import RobustnessConfig
from tests.known_answer import LABELS, publish_known_answer
from tests.known_answer import picture as encoded

ONLY_PICTURES = ("--digits", "0", "--corruptions", "0")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`known` names the brightest quarter, `contrary` the darkest."""
    root = tmp_path_factory.mktemp("models")
    publish_known_answer(root, runtimes=("onnx",))
    publish_known_answer(root, name="contrary", gain=-10.0, runtimes=("onnx",))
    return root


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna's four are right; of Ben's five one lies, one is broken and one is missing."""
    folder = tmp_path_factory.mktemp("pictures")
    for label in LABELS:
        (folder / f"{label}.png").write_bytes(encoded(label))
        (folder / f"{label}.webp").write_bytes(encoded(label, side=64, format="WEBP"))
    (folder / "broken.png").write_bytes(encoded("top-left")[:60])
    rows = [f"{label}.png,{label},anna" for label in LABELS]
    rows += [f"{label}.webp,{label},ben" for label in LABELS[:2]]
    rows += ["bottom-left.webp,top-left,ben", "broken.png,top-left,ben", "gone.png,top-left,ben"]
    (folder / "index.csv").write_text("\n".join(["file,label,source", *rows]), encoding="utf-8")
    return folder


def evaluate(models: Path, *options: str, output: Path) -> int:
    return main(["evaluate", "--models-dir", str(models), "--output", str(output), *options])


def report(output: Path) -> EvaluationReport:
    return EvaluationReport.model_validate_json((output / "evaluation.json").read_bytes())


@pytest.fixture(scope="module")
def output(
    models: Path, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """Where both models were evaluated, and what was printed."""
    folder = tmp_path_factory.mktemp("output") / "new"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", printed := io.StringIO())
        options = ("--model", "known", "contrary", "--pictures", str(pictures), *ONLY_PICTURES)
        assert evaluate(models, *options, output=folder) == 0
    return folder, printed.getvalue()


def report_of(output: tuple[Path, str], place: int) -> SetReport:
    return report(output[0]).models[place].sets[0]


def test_accuracy_is_by_source_and_refused_files_are_wrong(output: tuple[Path, str]) -> None:
    known = report_of(output, 0)
    scores = {source.source: source.score for source in known.sources}
    assert (scores["anna"].correct, scores["anna"].pictures) == (4, 4)
    assert (scores["ben"].correct, scores["ben"].pictures, scores["ben"].refused) == (2, 5, 2)
    assert known.whole.accuracy == pytest.approx(6 / 9)
    assert known.mean_over_sources == pytest.approx((1 + 2 / 5) / 2)


def test_second_model_has_its_own_answers(output: tuple[Path, str]) -> None:
    assert [str(model) for model in report(output[0]).models] == ["known/1", "contrary/1"]
    assert report_of(output, 1).sources[0].score.correct == 0


def test_errors_are_listed_with_their_answers(output: tuple[Path, str]) -> None:
    _, printed = output
    for line in (
        "broken.png (ben): true top-left, refused: the picture is a PNG file that is cut short",
        "gone.png (ben): true top-left, refused: the file cannot be read: No such file",
        "bottom-left.webp (ben): true top-left, predicted bottom-left at",
    ):
        assert line in printed
    assert "known/1 on onnx: pictures from elsewhere" in printed


def test_sheets_and_figure_are_pictures_with_something_on_them(output: tuple[Path, str]) -> None:
    names = {path.name for path in output[0].iterdir()}
    figures = {"known-1-pictures.png", "contrary-1-pictures.png", "pictures.png"}
    assert names == figures | {"evaluation.json"}
    for name in figures:
        with Image.open(output[0] / name) as figure:
            assert figure.width == 1500
            assert len(np.unique(np.asarray(figure.convert("L")))) > 10, name


def test_all_models_are_evaluated_where_none_is_named(
    models: Path, pictures: Path, tmp_path: Path
) -> None:
    assert evaluate(models, "--pictures", str(pictures), *ONLY_PICTURES, output=tmp_path) == 0
    assert [model.model for model in report(tmp_path).models] == ["contrary", "known"]


def test_digits_are_left_out_unasked_where_a_model_knows_none(
    models: Path, pictures: Path, tmp_path: Path
) -> None:
    assert evaluate(models, "--pictures", str(pictures), output=tmp_path) == 0
    assert [[one.name for one in model.sets] for model in report(tmp_path).models] == 2 * [
        ["pictures"]
    ]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--model", "other"), 1, "no model 'other'; published models: contrary, known"),
        (("--version", "7"), 1, "model contrary has no version 7; its versions: 1"),
        (("--version", "0"), 2, "--version '0': Input should be greater than or equal to 1"),
        (("--runtime", "torchscript"), 1, "lists no file for torchscript"),
        (("--digits", "9"), 1, "is none that contrary can answer; it knows top-left"),
        (("--pictures", "nowhere"), 1, "the folder of pictures cannot be read: No such file"),
        ((), 1, "nothing to evaluate on: give --pictures"),
    ],
    ids=["model", "version", "version 0", "runtime", "labels", "folder", "nothing"],
)
def test_mistake_on_the_command_line_is_explained(
    options: tuple[str, ...],
    status: int,
    message: str,
    models: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert evaluate(models, *ONLY_PICTURES, *options, output=tmp_path) == status
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_empty_repository_and_unwritable_output_are_explained(
    models: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--pictures", str(pictures), *ONLY_PICTURES)
    assert evaluate(tmp_path, *options, output=tmp_path / "out") == 1
    assert "no model is published" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert evaluate(models, *options, output=tmp_path / "file") == 1
    assert "the output folder cannot be made" in capsys.readouterr().err


def test_every_option_says_what_it_is() -> None:
    assert all(field.description for field in RobustnessConfig.model_fields.values())

"""One evaluation, end to end."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from artifact.errors import UnknownModel
from artifact.predictor import Predictor
from artifact.repository import Repository
from research.figures.accuracies import draw_accuracies
from research.robustness.config import ExaminationConfig
from research.robustness.exams import TITLES, Exam, prepare
from research.robustness.outcomes import Outcome, answer
from research.robustness.report import EvaluationReport, ExamReport, ModelReport
from research.robustness.scoring import report_exam
from research.robustness.sheets import draw_sheet
from research.robustness.tables import lines
from training.errors import OutputError
from training.figures.canvas import png

FILE = "evaluation.json"


def examine(config: ExaminationConfig) -> EvaluationReport:
    """Ask every model about every picture, print the tables and write report and figures.

    Raises:
        BrokenArtifact: A published model is not what its manifest says, or has no such runtime.
        DatasetError: Pictures are missing or damaged, or have labels that a model does not know.
        OutputError: The output folder cannot be made.
        RuntimeUnavailable: The runtime's library is not installed.
        UnknownModel: There is no such model or version.
    """
    predictors = list(_open(config))
    exams = prepare(config)
    for exam in exams:
        for predictor in predictors:
            exam.check(predictor.manifest)
    _make(config.output)
    models = tuple(_examine_model(predictor, exams, config.output) for predictor in predictors)
    report = EvaluationReport(seed=config.seed, models=models)
    _write_comparisons(report, config.output)
    (config.output / FILE).write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return report


def _open(config: ExaminationConfig) -> Iterator[Predictor]:
    repository = Repository.scan(config.models_dir)
    names = config.model or tuple(dict.fromkeys(artifact.manifest.name for artifact in repository))
    if not names:
        raise UnknownModel("no model is published in the model repository: nothing to evaluate")
    for name in names:
        yield repository.get(name, config.version).open(config.runtime)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the output folder cannot be made: {error.strerror}") from error


def _examine_model(predictor: Predictor, exams: Sequence[Exam], folder: Path) -> ModelReport:
    manifest = predictor.manifest
    report = ModelReport(
        model=manifest.name,
        version=manifest.version,
        runtime=predictor.runtime_id,
        exams=tuple(_examine(predictor, exam, folder) for exam in exams),
        findings=manifest.findings,
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines(report)))
    return report


def _examine(predictor: Predictor, exam: Exam, folder: Path) -> ExamReport:
    manifest = predictor.manifest
    outcomes = _answers(predictor, exam)
    report = report_exam(exam.name, outcomes)
    name = f"{manifest.name}/{manifest.version}: {exam.title}"
    sheet = draw_sheet(outcomes, manifest.input, name)
    (folder / f"{manifest.name}-{manifest.version}-{exam.name}.png").write_bytes(png(sheet))
    return report


def _answers(predictor: Predictor, exam: Exam) -> list[Outcome]:
    bar = tqdm(
        answer(predictor, exam.samples),
        desc=f"{predictor.manifest.name}: {exam.name}",
        total=len(exam.samples),
        unit="picture",
        disable=None,  # only on a terminal
        leave=False,
        dynamic_ncols=True,
    )
    return list(bar)


def _write_comparisons(report: EvaluationReport, folder: Path) -> None:
    """Write a figure for each set of pictures, all models side by side."""
    for place, exam in enumerate(report.models[0].exams):
        figure = draw_accuracies(
            {str(model): model.exams[place] for model in report.models},
            TITLES[exam.exam],
        )
        (folder / f"{exam.exam}.png").write_bytes(png(figure))

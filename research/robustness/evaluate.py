"""One robustness evaluation, end to end: published models on pictures of other sources."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from artifact.errors import UnknownModel
from artifact.predictor import Predictor
from artifact.repository import Repository
from research.output import make_folder, say, write
from research.robustness.contact_sheet import draw_sheet
from research.robustness.report import (
    EvaluationReport,
    ModelReport,
    SetReport,
    draw_accuracies,
    lines,
)
from research.robustness.samples import TITLES, PictureSet, RobustnessConfig, prepare
from research.robustness.scoring import predict, report_set
from training.figures.canvas import png

FILE = "evaluation.json"
DIGITS = frozenset("0123456789")  # the labels of sets that are evaluated unasked


def evaluate(config: RobustnessConfig) -> EvaluationReport:
    """Ask every model about every picture, print the tables and write report and figures.

    Raises:
        BrokenArtifact: A published model is not what its manifest says, or has no such runtime.
        DatasetError: Pictures are missing or damaged, or have labels that a model does not know.
        OutputError: The output folder cannot be made.
        RuntimeUnavailable: The runtime's library is not installed.
        UnknownModel: There is no such model or version.
    """
    predictors = list(_open(config))
    sets = prepare(_of_use(config, predictors))
    for pictures in sets:
        for predictor in predictors:
            pictures.check(predictor.manifest)
    make_folder(config.output)
    models = tuple(_evaluate_model(predictor, sets, config.output) for predictor in predictors)
    report = EvaluationReport(seed=config.seed, models=models)
    _write_comparisons(report, config.output)
    write(config.output / FILE, report)
    return report


def _open(config: RobustnessConfig) -> Iterator[Predictor]:
    repository = Repository.scan(config.models_dir)
    names = config.model or [artifact.manifest.name for artifact in repository.latest()]
    if not names:
        raise UnknownModel("no model is published in the model repository: nothing to evaluate")
    for name in names:
        yield repository.get(name, config.version).open(config.runtime)


def _of_use(config: RobustnessConfig, predictors: Sequence[Predictor]) -> RobustnessConfig:
    """Leave digits out where a model knows none, unless they are asked for."""
    if all(set(predictor.manifest.labels) >= DIGITS for predictor in predictors):
        return config
    unasked = {"digits", "corruptions"} - config.model_fields_set
    return config.model_copy(update=dict.fromkeys(unasked, 0))


def _evaluate_model(predictor: Predictor, sets: Sequence[PictureSet], folder: Path) -> ModelReport:
    manifest = predictor.manifest
    report = ModelReport(
        model=manifest.name,
        version=manifest.version,
        runtime=predictor.runtime_id,
        sets=tuple(_evaluate_set(predictor, pictures, folder) for pictures in sets),
        findings=manifest.findings,
    )
    say(lines(report))
    return report


def _evaluate_set(predictor: Predictor, pictures: PictureSet, folder: Path) -> SetReport:
    manifest = predictor.manifest
    bar = tqdm(
        predict(predictor, pictures.samples),
        desc=f"{manifest.name}: {pictures.name}",
        total=len(pictures.samples),
        unit="picture",
        disable=None,  # only on a terminal
        leave=False,
        dynamic_ncols=True,
    )
    answers = list(bar)
    name = f"{manifest.name}/{manifest.version}: {TITLES[pictures.name]}"
    sheet = io.BytesIO()
    draw_sheet(answers, manifest.input, name).save(sheet, "PNG")
    file = f"{manifest.name}-{manifest.version}-{pictures.name}.png"
    write(folder / file, sheet.getvalue())
    return report_set(pictures.name, answers)


def _write_comparisons(report: EvaluationReport, folder: Path) -> None:
    """Write a figure for each set of pictures, all models side by side."""
    for place, first in enumerate(report.models[0].sets):
        sets = {str(model): model.sets[place] for model in report.models}
        figure = draw_accuracies(sets, TITLES[first.name])
        write(folder / f"{first.name}.png", png(figure))

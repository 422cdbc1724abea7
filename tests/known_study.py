"""A tiny stored study whose figures are known by construction."""

from pathlib import Path

from PIL import Image
from pydantic import JsonValue

from artifact.files import describe
from artifact.manifest import File
from artifact.study import (
    FIGURES,
    RUNS,
    STUDY,
    Outcome,
    Study,
    StudyArm,
    StudyFigure,
    StudyPair,
    Summary,
)
from tests.outcomes import outcome
from tests.vision.pictures import encode

NAME = "widths"
ACCURACIES = {"narrow": (0.98, 0.97), "wide": (0.99, 0.985)}  # by arm and seed
BASE: dict[str, JsonValue] = {"dataset": "letters", "width": 1}
WIDTHS = {"accuracy": 40, "curves": 50, "trade": 60}  # pixels, to tell them apart


def store_known_study(root: Path, name: str = NAME) -> Study:
    """Write the study with its runs and figures."""
    runs = {label: _runs(label) for label in ACCURACIES}
    (root / RUNS).mkdir(parents=True, exist_ok=True)
    for outcomes in runs.values():
        for run in outcomes.values():
            (root / RUNS / f"{run.digest}.json").write_text(run.model_dump_json(), "utf-8")
    study = Study(
        name=name,
        question="Is wide better?",
        protocol="ours",
        base=BASE,
        arms=tuple(_arm(label, outcomes) for label, outcomes in runs.items()),
        pairs=(
            StudyPair(
                first="wide",
                second="narrow",
                seeds=2,
                difference=0.0125,
                interval=(-0.0193, 0.0443),
                p_value=0.13,
                adjusted_p_value=0.13,
            ),
        ),
        figures=_figures(root / name),
    )
    (root / name / STUDY).write_text(study.model_dump_json(indent=2), "utf-8")
    return study


def _runs(label: str) -> dict[int, Outcome]:
    return {
        seed: outcome({**BASE, "width": label, "seed": seed}, test=test)
        for seed, test in enumerate(ACCURACIES[label])
    }


def _arm(label: str, runs: dict[int, Outcome]) -> StudyArm:
    mean = sum(ACCURACIES[label]) / 2
    known = Summary(mean=mean, standard_deviation=0.005, interval=(mean - 0.01, mean + 0.01))
    return StudyArm(
        label=label,
        changes={"width": label},
        head="linear",
        runs={seed: run.digest for seed, run in runs.items()},
        parameters=300,
        macs=2000,
        train_accuracy=known,
        validation_accuracy=known,
        test_accuracy=known,
        macro_recall=known,
        seconds=known,
        findings={},
    )


def _figures(folder: Path) -> dict[StudyFigure, File]:
    (folder / "figures").mkdir(parents=True)
    files: dict[StudyFigure, File] = {}
    for role, path in FIGURES.items():
        if role in WIDTHS:
            content = encode(Image.new("RGB", (WIDTHS[role], 30), "white"))
            (folder / path).write_bytes(content)
            files[role] = describe(path, content)
    return files

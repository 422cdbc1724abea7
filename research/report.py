"""docs/REPORT.md: the stored studies and the published models, in words and tables.

The words are in templates/. A sentence that depends on a figure is computed from it, so that the
report stays true when a figure changes.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from pydantic import Field

from artifact.manifest import Part
from artifact.repository import Repository
from artifact.statistics.comparison import (
    ComparedModel,
    Contender,
    OptionGroup,
    RuntimeFigures,
    compare_models,
    option_groups,
)
from artifact.statistics.constraints import Constraints
from artifact.statistics.decision import Decision, decide
from artifact.statistics.option import Choice
from artifact.study import LEVEL, Studies, Study, StudyPair, WholeStudy
from research.accuracy_cost import draw_comparison
from research.documents import render
from research.output import write
from training.figures.canvas import png

PROTOCOLS: Final = {"seed": "the seed report's protocol", "ours": "our protocol"}

_TITLES: Final = {
    "architectures": "MobileNet blocks or standard convolutions",
    "mixes": "Mixed blocks",
    "optimizers": "Optimizer",
    "activations": "Activation",
    "interpolations": "Resampling of changed images",
    "losses": "Loss function",
    "batch-sizes": "Batch size",
    "learning-rates": "Learning rate",
    "epochs": "Epochs",
    "ratios": "Training and validation images",
    "poolings": "Pooling",
    "flawed-head": "A ReLU on the logits",
}
_KIB: Final = 1024


class ReportConfig(Part):
    """What the report is made of, and where it goes."""

    studies_dir: Path = Field(Path("studies"), description="The stored studies.")
    models_dir: Path = Field(Path("models"), description="The model repository.")
    output: Path = Field(
        Path("docs/REPORT.md"), description="The page; its figures begin with its name."
    )


def write_report(config: ReportConfig) -> None:
    """Write the page and its figures.

    Raises:
        BrokenArtifact: A study or a model is not what its files say.
        OutputError: The page cannot be written.
    """
    studies = {stored.study.name: stored.whole() for stored in Studies.scan(config.studies_dir)}
    models = list(map(Contender.of, Repository.scan(config.models_dir).latest()))
    comparison, page = compare_models(models), config.output
    figures = {}
    for group in comparison.groups:
        path = page.with_name(f"{page.stem}-{group.dataset}.png")
        write(path, png(draw_comparison(group)))
        figures[group.dataset] = path.name
    runs = {digest: run for whole in studies.values() for digest, run in whole.runs.items()}
    text = render(
        __package__,
        "report.md.j2",
        config=config,
        links=Path(os.path.relpath(config.studies_dir, page.parent)).as_posix(),
        studies=[whole.study for whole in studies.values()],
        runs=list(runs.values()),
        models=models,
        measured=[model for model in models if model.metrics],
        comparison=comparison,
        figures=figures,
        studied=by_title(studies),
        recommendations=list(map(recommend, option_groups(models))),
        PROTOCOLS=PROTOCOLS,
        LEVEL=LEVEL,
        differing=differing,
        float_and_quantised=float_and_quantised,
    )
    write(page, text)


class Differing(NamedTuple):
    """Which pairs of a study differ by more than noise, and how wide its intervals are."""

    clear: list[StudyPair]
    limit: float  # half the width of the median interval


def differing(pairs: Sequence[StudyPair]) -> Differing | None:
    """Tell the pairs that differ from the rest; None where there are too few seeds."""
    judged = [pair for pair in pairs if pair.more_than_noise is not None]
    widths = [(pair.interval[1] - pair.interval[0]) / 2 for pair in judged if pair.interval]
    if not widths:
        return None
    return Differing([pair for pair in judged if pair.more_than_noise], median(widths))


def by_title(studies: Mapping[str, WholeStudy]) -> dict[str, list[Study]]:
    """Studies by title, in both protocols; one without a title has its name."""
    stems = {name.removesuffix("-ours") for name in studies}
    return {
        _TITLES.get(stem, stem): [
            studies[name].study for name in (stem, f"{stem}-ours") if name in studies
        ]
        for stem in [*_TITLES, *sorted(stems - _TITLES.keys())]
        if stem in stems
    }


def float_and_quantised(model: ComparedModel) -> tuple[RuntimeFigures, RuntimeFigures] | None:
    """The figures of `onnx` and `onnx-int8`; None where one of them is missing."""
    figures = {row.runtime: row for row in model.runtimes}
    if model.quantised is None or not {"onnx", "onnx-int8"} <= figures.keys():
        return None
    return figures["onnx"], figures["onnx-int8"]


@dataclass(frozen=True)
class Recommendation:
    """What to ship of the models of one data set.

    Attributes:
        limits: Limits that change the pick, each with what to ship under it.
    """

    dataset: str
    decision: Decision
    limits: Sequence[tuple[str, Choice]]


def recommend(group: OptionGroup) -> Recommendation:
    """Decide without constraints, and under every size and time that an option just meets."""
    decision = decide(group.options)
    return Recommendation(group.dataset, decision, list(_limits(group, decision)))


def _limits(group: OptionGroup, decision: Decision) -> Iterator[tuple[str, Choice]]:
    sizes = sorted({option.bytes for option in group.options}, reverse=True)
    times = sorted({option.p50_ms for option in group.options if option.p50_ms}, reverse=True)
    by_size = (
        (f"at most {size / _KIB:,.0f} KiB", Constraints(max_kib=size / _KIB)) for size in sizes
    )
    by_time = ((f"at most {1000 * ms:,.0f} µs a picture", Constraints(max_ms=ms)) for ms in times)
    for limits in (by_size, by_time):
        previous = decision.pick
        for title, constraints in limits:
            pick = decide(group.options, constraints).pick
            if pick is not None and pick != previous:
                yield title, pick
            previous = pick or previous

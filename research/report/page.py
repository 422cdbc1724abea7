"""The report as a page: read what is stored, fill the templates, draw the figures."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from artifact.manifest import Part
from artifact.metrics import Metrics
from artifact.repository import Artifact, Repository
from artifact.statistics.comparison import (
    Contender,
    ModelComparison,
    OptionGroup,
    compare_models,
    option_groups,
)
from artifact.study import LEVEL, Outcome, Studies, WholeStudy
from research.accuracy_cost import draw_comparison
from research.documents import render
from research.output import write
from research.report import analysis
from research.report.analysis import recommend
from training.figures.canvas import png


class ReportConfig(Part):
    """What the report is made of, and where it goes."""

    studies_dir: Path = Field(Path("studies"), description="The stored studies.")
    models_dir: Path = Field(Path("models"), description="The model repository.")
    output: Path = Field(
        Path("docs/REPORT.md"), description="The page; its figures begin with its name."
    )


@dataclass(frozen=True)
class StoredResults:
    """Everything that the report is made of."""

    studies: Mapping[str, WholeStudy]
    models: tuple[Artifact, ...]  # the highest version of every published model, sorted by name
    comparison: ModelComparison  # of these models
    options: Sequence[OptionGroup]  # what can be shipped of them, by data set

    @property
    def runs(self) -> Mapping[str, Outcome]:
        """Every run of the studies once, by its digest."""
        return {name: run for whole in self.studies.values() for name, run in whole.runs.items()}

    @property
    def metrics(self) -> list[tuple[Artifact, Metrics]]:
        """Every model that was published with metrics, and these."""
        found = [(model, model.find("metrics", Metrics)) for model in self.models]
        return [(model, metrics) for model, metrics in found if metrics is not None]


def _gather(studies_dir: Path, models_dir: Path) -> StoredResults:
    """Read everything, verified.

    Raises:
        BrokenArtifact: A study or a model is not what its files say.
    """
    repository = Repository.scan(models_dir)
    models = tuple(repository.latest())
    contenders = list(map(Contender.of, models))
    return StoredResults(
        studies={stored.study.name: stored.whole() for stored in Studies.scan(studies_dir)},
        models=models,
        comparison=compare_models(contenders),
        options=option_groups(contenders),
    )


def write_report(config: ReportConfig) -> None:
    """Write the page and its figures.

    Raises:
        BrokenArtifact: A study or a model is not what its files say.
        OutputError: The page cannot be written.
    """
    results, page = _gather(config.studies_dir, config.models_dir), config.output
    drawn = {}
    for group in results.comparison.groups:
        path = page.with_name(f"{page.stem}-{group.dataset}.png")
        write(path, png(draw_comparison(group)))
        drawn[group.dataset] = path.name
    text = render(
        __package__,
        "report.md.j2",
        config=config,
        links=Path(os.path.relpath(config.studies_dir, page.parent)).as_posix(),
        results=results,
        runs=list(results.runs.values()),
        figures=drawn,
        studied=analysis.by_title(results.studies),
        recommendations=list(map(recommend, results.options)),
        PROTOCOLS=analysis.PROTOCOLS,
        LEVEL=LEVEL,
        differing=analysis.differing,
        float_and_quantised=analysis.float_and_quantised,
    )
    write(page, text)

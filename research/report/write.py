"""The report as a whole: read what is stored, say it, draw it."""

import os
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict, Field

from research.accuracy_cost import draw_comparison
from research.report.beside import draw_beside, rows
from research.report.compared import compared
from research.report.evidence import Evidence, gather
from research.report.flawed import flawed
from research.report.frontier import frontier
from research.report.published import published
from research.report.recommendation import recommendation
from research.report.splits import splits
from research.report.summary import in_short
from research.report.varied import varied
from research.report.words import counted, listed
from training.errors import OutputError
from training.figures.canvas import png

_INTRODUCTION = """\
# Report: what was compared, and what it says

Written by `python -m research report` from `{studies}/` and `{models}/` alone; do not edit by hand.
Every sentence that rests on a figure is made of it.

{extent}

How to read it. An accuracy is a mean over seeds ± their standard deviation. A seed decides the
split, the first weights, the order of the images and their changes; arms of one seed share all of
it, so they are compared seed by seed (Student's paired test, Holm's correction for all pairs of a
study). "More than noise" is a p below 0.05 after that correction; with few seeds only large
differences can be. In every run the epoch was chosen on validation images, and the test images
were evaluated once, after that."""


class ReportConfig(BaseModel):
    """What the report is made of, and where it goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    studies_dir: Path = Field(Path("studies"), description="The stored studies.")
    models_dir: Path = Field(Path("models"), description="The model repository.")
    output: Path = Field(
        Path("docs/REPORT.md"), description="The page; its figures begin with its name."
    )


def write_report(config: ReportConfig) -> None:
    """Write the page and its figures.

    Raises:
        BrokenArtifact: A study or a model is not what it says.
        OutputError: The page cannot be written.
        StudyError: What was tried for the published models is not understood.
    """
    links = Path(os.path.relpath(config.studies_dir, config.output.parent)).as_posix()
    evidence = gather(config.studies_dir, config.models_dir, links)
    try:
        config.output.parent.mkdir(parents=True, exist_ok=True)
        page = "\n\n".join(_page(evidence, config))
        config.output.write_text(f"{page}\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{config.output.name} cannot be written: {error.strerror}") from error


def _page(evidence: Evidence, config: ReportConfig) -> Iterator[str]:
    yield _INTRODUCTION.format(
        studies=config.studies_dir.name, models=config.models_dir.name, extent=_extent(evidence)
    )
    yield from in_short(evidence)
    yield from _beside(evidence, config.output)
    yield from compared(evidence)
    yield from flawed(evidence)
    yield from varied(evidence)
    yield from splits(evidence)
    yield from frontier(evidence)
    yield from published(evidence)
    for group in evidence.comparison.groups:
        told = f"{group.dataset}: what accuracy costs, and what is noise"
        yield _figure(config.output, group.dataset, draw_comparison(group), told)
    yield from recommendation(evidence)


def _beside(evidence: Evidence, page: Path) -> Iterator[str]:
    if found := [*rows(evidence)]:
        yield _figure(page, "seed", draw_beside(found), "Right on test: the seed report, and here")


def _figure(page: Path, name: str, figure: Figure, told: str) -> str:
    """Write a picture beside the page, and what shows it there."""
    path = page.with_name(f"{page.stem}-{name}.png")
    path.write_bytes(png(figure))
    return f"![{told}]({path.name})"


def _extent(evidence: Evidence) -> str:
    runs = evidence.runs
    if not runs:
        return "No study has been stored yet."
    hours = sum(run.provenance.seconds for run in runs.values()) / 3600
    machines = sorted({run.provenance.hardware for run in runs.values()})
    sets = sorted({run.provenance.dataset for run in runs.values()})
    missing = sum(len(whole.study.missing) for whole in evidence.studies.values())
    lacking = f" {counted(missing, 'planned run')} had no result." if missing else ""
    return (
        f"It rests on {counted(len(evidence.studies), 'study').replace('studys', 'studies')} of "
        f"{listed(sets)} with {counted(len(runs), 'run')} that took {hours:.1f} hours on "
        f"{listed(machines)}; studies share runs of the same configuration.{lacking}"
    )

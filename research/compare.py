"""Published models compared, as a table, a document and a figure."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field

from artifact.errors import UnknownModel
from artifact.manifest import Part
from artifact.repository import Repository
from artifact.statistics.comparison import (
    ComparedGroup,
    ComparedModel,
    ComparedPair,
    Contender,
    ModelComparison,
    RuntimeFigures,
    compare_models,
)
from artifact.study import LEVEL
from research.accuracy_cost import draw_comparison
from research.output import plain, say, write
from training.figures.canvas import png


class ComparisonConfig(Part):
    """Which models to compare, and where the results go."""

    model: tuple[str, ...] = Field(
        (), description="Names of published models; by default all of them."
    )
    models_dir: Path = Field(Path("models"), description="The model repository.")
    output: Path | None = Field(None, description="JSON file to write, as GET /comparison has it.")
    figure: Path | None = Field(
        None, description="PNG to write; with several test sets, one for each, named after it."
    )


def compare(config: ComparisonConfig) -> ModelComparison:
    """Compare the highest version of every model, print tables, and write the chosen files.

    Raises:
        BrokenArtifact: A published model is not what its manifest says.
        OutputError: A file cannot be written.
        UnknownModel: There is no such model.
    """
    repository = Repository.scan(config.models_dir)
    models = [repository.get(name) for name in config.model] or repository.latest()
    if not models:
        raise UnknownModel("no model is published in the model repository: nothing to compare")
    comparison = compare_models(map(Contender.of, models))
    say(lines(comparison))
    if config.output is not None:
        write(config.output, comparison)
    if config.figure is not None:
        for group in comparison.groups:
            several = len(comparison.groups) > 1
            path = config.figure
            place = path.with_stem(f"{path.stem}-{group.dataset}") if several else path
            write(place, png(draw_comparison(group)))
    return comparison


def lines(comparison: ModelComparison) -> Iterator[str]:
    """The comparison as tables for a terminal."""
    for group in comparison.groups:
        yield f"{group.dataset}, {group.test_images:,} test images"
        yield from _models(group.models)
        yield from _runtimes(group)
        yield from _pairs(group.pairs)
        yield ""
    if len(comparison.groups) > 1:
        yield "models of different test images are not compared with each other"
    for left_out in comparison.not_compared:
        yield f"{left_out.model} is not compared: {left_out.reason}"


def _models(models: Sequence[ComparedModel]) -> Iterator[str]:
    yield ""
    head = ("model", "test accuracy (95%)", "mean of seeds", "parameters", "MACs")
    yield from plain("<>>>>", head, map(_model, models))
    for model in models:
        if model.findings:
            yield f"  {model.model} is flawed: {', '.join(sorted(set(model.findings)))}"


def _model(model: ComparedModel) -> tuple[str, ...]:
    (low, high), seeds = model.interval, model.seeds
    return (
        model.model,
        f"{model.accuracy:.2%} ({low:.2%} to {high:.2%})",
        f"{seeds.mean:.3%} ± {seeds.standard_deviation:.3%}" if seeds else "-",
        f"{model.parameters:,}",
        f"{model.macs / 1e6:.1f} M",
    )


def _runtimes(group: ComparedGroup) -> Iterator[str]:
    yield ""
    head = ("model", "runtime", "accuracy", "KiB", "p50 µs", "Pareto front of")
    rows = (
        (
            model.model,
            row.runtime,
            f"{row.accuracy:.2%}",
            f"{row.bytes / 1024:.1f}",
            "-" if row.p50_ms is None else f"{1000 * row.p50_ms:.0f}",
            ", ".join(_fronts(group, model, row)),
        )
        for model in group.models
        for row in model.runtimes
    )
    yield from plain("<<>>><", head, rows)


def _fronts(group: ComparedGroup, model: ComparedModel, row: RuntimeFigures) -> Iterator[str]:
    fronts = {
        "size": group.size_front,
        "latency": [point for front in group.latency_fronts for point in front.points],
    }
    for name, points in fronts.items():
        if any((point.model, point.runtime) == (model.model, row.runtime) for point in points):
            yield name


def _pairs(pairs: Sequence[ComparedPair]) -> Iterator[str]:
    yield ""
    head = ("first, second", "points better (95%)", "only right", "p", "Holm's p", "")
    yield from plain("<>>>><", head, map(_pair, pairs))


def _pair(pair: ComparedPair) -> tuple[str, ...]:
    paired = pair.paired
    low, high = paired.interval
    return (
        f"{pair.first}, {pair.second}",
        f"{100 * paired.difference:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})",
        f"{paired.only_first_right} : {paired.only_second_right}",
        f"{paired.p_value:.2g}",
        f"{pair.adjusted_p_value:.2g}",
        "" if pair.adjusted_p_value < LEVEL else "not more than noise",
    )

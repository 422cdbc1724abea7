"""The published models: their seeds, their confidence, their quantised files."""

from collections.abc import Iterator, Sequence
from typing import Final

from artifact.metrics import Metrics, Seeds
from artifact.repository import Artifact
from artifact.statistics.comparison import (
    ComparedGroup,
    ComparedModel,
    ComparedPair,
    RuntimeFigures,
)
from artifact.study import LEVEL
from research.report.evidence import Evidence, document
from research.report.words import counted, percent, points, signed, table

# What was asked of a network of that size: most parameters, least mean accuracy over the seeds.
_ASKED: Final = {
    "mobilenet": (25_000, 0.9960),
    "conv": (200_000, 0.9970),
    "mobilenet-tiny": (8_000, 0.9950),
}


def published(evidence: Evidence) -> Iterator[str]:
    """Tables of models, seeds, calibration and quantised files, and what the pairs say."""
    if not evidence.models:
        return
    yield "## The published models"
    for group in evidence.comparison.groups:
        yield _models(group)
        yield from _pairs(group.pairs)
    yield from _seeds(evidence.models)
    yield from _calibration(evidence.models)
    for group in evidence.comparison.groups:
        yield from _quantised(group)


def _models(group: ComparedGroup) -> str:
    head = [group.dataset, "parameters", "multiply-adds", "right on test", "95% interval"]
    rows = [
        [
            f"`{model.model}`",
            f"{model.parameters:,}",
            f"{model.macs / 1e6:.1f} M",
            percent(model.accuracy),
            " to ".join(map(percent, model.interval)),
        ]
        for model in group.models
    ]
    return table(head, rows)


def _pairs(pairs: Sequence[ComparedPair]) -> Iterator[str]:
    """Which models the test images can tell apart."""
    if not pairs:
        return
    clear = [pair for pair in pairs if pair.adjusted_p_value < LEVEL]
    verb = "differs" if len(clear) == 1 else "differ"
    yield (
        f"On the same {pairs[0].paired.images:,} test images, {len(clear)} of "
        f"{counted(len(pairs), 'pair')} {verb} by more than noise (McNemar's exact test, Holm's "
        f"correction){':' if clear else '.'}"
    )
    if clear:
        yield "\n".join(
            f"- `{pair.first}` over `{pair.second}` by {points(pair.paired.difference)} "
            f"({signed(pair.paired.interval[0])} to {signed(pair.paired.interval[1])}, "
            f"p = {pair.adjusted_p_value:.2g})"
            for pair in clear
        )


def _seeds(models: Sequence[Artifact]) -> Iterator[str]:
    """Every seed's test accuracy, and what was asked of their mean."""
    known = [(artifact, seeds) for artifact in models if (seeds := _known_seeds(artifact))]
    yield "### Seeds"
    if not known:
        yield "No model is published with the results of other seeds yet."
        return
    numbers = sorted({seed for _, seeds in known for seed in seeds.test_accuracy})
    head = ["model", "asked, and reached", *(f"seed {seed}" for seed in numbers), "mean ± sd"]
    rows = [
        [
            f"`{artifact.manifest.name}`",
            _goal(artifact, seeds),
            *(_seed_cell(artifact, seeds, seed) for seed in numbers),
            f"{100 * seeds.mean:.3f} ± {100 * seeds.standard_deviation:.3f}%",
        ]
        for artifact, seeds in known
    ]
    yield (
        "Right on test, the epoch chosen on validation; in bold the seed that is published, which "
        "was chosen by its validation accuracy, not by the figures of this table."
    )
    yield table(head, rows, left=2)


def _known_seeds(artifact: Artifact) -> Seeds | None:
    metrics = document(artifact, "metrics", Metrics)
    return None if metrics is None else metrics.seeds


def _seed_cell(artifact: Artifact, seeds: Seeds, seed: int) -> str:
    if seed not in seeds.test_accuracy:
        return "-"
    cell = percent(seeds.test_accuracy[seed])
    return f"**{cell}**" if seed == artifact.manifest.provenance.seed else cell


def _goal(artifact: Artifact, seeds: Seeds) -> str:
    manifest = artifact.manifest
    if manifest.name not in _ASKED:
        return "-"
    most, least = _ASKED[manifest.name]
    reached = manifest.architecture.parameters <= most and seeds.mean >= least
    asked = f"mean of {percent(least)} with at most {most:,} parameters"
    return f"{asked}: {'yes' if reached else 'no'}"


def _calibration(models: Sequence[Artifact]) -> Iterator[str]:
    """How far confidence can be taken at its word, before and after the temperature."""
    rows = []
    for artifact in models:
        metrics = document(artifact, "metrics", Metrics)
        if metrics is not None and (calibration := metrics.calibration) is not None:
            before, after = calibration.before, calibration.after
            change = "better" if after.calibration_error < before.calibration_error else "worse"
            rows.append(
                [
                    f"`{artifact.manifest.name}`",
                    change,
                    f"{artifact.manifest.temperature:.3f}",
                    percent(before.calibration_error),
                    percent(after.calibration_error),
                ]
            )
    if rows:
        yield "### Calibration"
        yield (
            "The temperature is fitted on validation images; the calibration error (15 bins) is "
            "of the test images, before and after."
        )
        yield table(["model", "after is", "temperature", "before", "after"], rows, left=2)


def _quantised(group: ComparedGroup) -> Iterator[str]:
    rows = [row for model in group.models for row in _quantised_row(model)]
    if rows:
        yield "### Quantised files"
        yield (
            "`onnx-int8` beside `onnx`: accuracy on test in points with Tango's interval, size, "
            "and the recorded median time for one picture."
        )
        head = ["model", "it is", "points (95%)", "KiB", "instead of", "µs", "instead of"]
        yield table(head, rows, left=2)


def _quantised_row(model: ComparedModel) -> Iterator[list[str]]:
    figures = {row.runtime: row for row in model.runtimes}
    beside = model.quantised
    if beside is None or not {"onnx", "onnx-int8"} <= figures.keys():
        return
    exact, small = figures["onnx"], figures["onnx-int8"]
    low, high = beside.interval
    yield [
        f"`{model.model}`",
        _speed(exact, small),
        f"{signed(beside.difference)} ({signed(low)} to {signed(high)})",
        f"{small.bytes / 1024:.0f}",
        f"{exact.bytes / 1024:.0f}",
        *("-" if row.p50_ms is None else f"{1000 * row.p50_ms:.0f}" for row in (small, exact)),
    ]


def _speed(exact: RuntimeFigures, small: RuntimeFigures) -> str:
    if exact.p50_ms is None or small.p50_ms is None:
        return "not timed"
    return "faster" if small.p50_ms < exact.p50_ms else "slower"

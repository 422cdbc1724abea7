"""The published models side by side in one picture: accuracy, work, latency and size.

python -m bench.overview [--models-dir models] [--output docs/overview.png]
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from artifact.latency import Benchmark
from artifact.manifest import RuntimeId
from artifact.metrics import Metrics
from artifact.repository import Artifact, Repository
from training.figures.canvas import BLUE, FADED, GREEN, VERMILION, blank, png, styled

RUNTIMES: dict[RuntimeId, str] = {"onnx": BLUE, "onnx-int8": GREEN, "torchscript": VERMILION}
_ROW_INCHES = 0.7
_BARS = 0.76  # of a row

Panel = Callable[[Axes, Sequence[Artifact]], None]


def main() -> None:
    """Write the picture."""
    options = _parser().parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(png(draw(latest(Repository.scan(options.models_dir)))))


def latest(repository: Repository) -> list[Artifact]:
    """The highest version of every model, the most accurate first."""
    names = {artifact.manifest.name for artifact in repository}
    return sorted(map(repository.get, names), key=_accuracy, reverse=True)


@styled
def draw(models: Sequence[Artifact]) -> Figure:
    """Draw one row a model and one panel a question."""
    figure = blank(1.6 + _ROW_INCHES * len(models), "Which one to ship?")
    panels: Sequence[Panel] = (_draw_accuracy, _draw_macs, _draw_latency, _draw_size)
    axes = figure.subplots(1, len(panels), sharey=True)
    for panel, place in zip(panels, axes, strict=True):
        panel(place, models)
        place.margins(x=0.25)
        place.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(models)), [_row_name(model) for model in models])
    axes[0].invert_yaxis()
    return figure


def _draw_accuracy(axes: Axes, models: Sequence[Artifact]) -> None:
    axes.set_title("test accuracy, 95% interval")
    for row, model in enumerate(models):
        test = model.document("metrics", Metrics).test
        low, high = (100 * end for end in test.interval)
        axes.plot([low, high], [row, row], color=FADED, linewidth=2, zorder=1)
        axes.plot(100 * test.accuracy, row, "o", color=BLUE, zorder=2)
        axes.text(high, row, f"  {test.accuracy:.2%}", va="center")
    axes.set_xlabel("%")


def _draw_macs(axes: Axes, models: Sequence[Artifact]) -> None:
    axes.set_title("work for one picture")
    for row, model in enumerate(models):
        macs = model.manifest.architecture.macs / 1e6
        axes.barh(row, macs, _BARS, color=FADED)
        axes.text(macs, row, f" {macs:.1f}", va="center")
    axes.set_xlabel("million multiply-adds")


def _draw_latency(axes: Axes, models: Sequence[Artifact]) -> None:
    axes.set_title("latency of one picture")
    _draw_by_runtime(axes, models, _p50_microseconds)
    axes.set_xlabel("median µs, model alone")


def _draw_size(axes: Axes, models: Sequence[Artifact]) -> None:
    axes.set_title("file size")
    _draw_by_runtime(axes, models, _kibibytes)
    axes.set_xlabel("KiB")
    axes.legend(loc="lower right", frameon=False)


def _draw_by_runtime(
    axes: Axes, models: Sequence[Artifact], value_of: Callable[[Artifact, RuntimeId], float]
) -> None:
    shared = [
        runtime
        for runtime in RUNTIMES
        if all(runtime in model.manifest.runtimes for model in models)
    ]
    height = _BARS / len(shared)
    for place, runtime in enumerate(shared):
        middle = (place - (len(shared) - 1) / 2) * height
        rows = [row + middle for row in range(len(models))]
        values = [value_of(model, runtime) for model in models]
        axes.barh(rows, values, height, color=RUNTIMES[runtime], label=runtime)
        for row, value in zip(rows, values, strict=True):
            axes.text(value, row, f" {value:.0f}", va="center", fontsize="small")


def _p50_microseconds(model: Artifact, runtime: RuntimeId) -> float:
    return 1000 * (model.document("benchmark", Benchmark).p50_ms(runtime) or 0)


def _kibibytes(model: Artifact, runtime: RuntimeId) -> float:
    return model.manifest.files[runtime].bytes / 1024


def _row_name(model: Artifact) -> str:
    return f"{model.manifest.name}\n{model.manifest.architecture.parameters:,} parameters"


def _accuracy(model: Artifact) -> float:
    return model.document("metrics", Metrics).test.accuracy


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--output", type=Path, default=Path("docs/overview.png"))
    return parser


if __name__ == "__main__":
    main()

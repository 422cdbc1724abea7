"""Which score separates digits from out-of-distribution (OOD) pictures best.

Every score on every run, from the checkpoints to docs/REJECTION.md: its words are in templates/.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from artifact.manifest import Name, Part, Separation
from artifact.scores import SCORES
from research.documents import render
from research.output import write
from training import data, outliers
from training.checkpoint import Checkpoint
from training.config import RunConfig
from training.data import Split, normalization
from training.data.normalization import Normalization
from training.errors import CheckpointError, DatasetError
from training.evaluation import evaluate
from training.evaluation.logits import network_logits
from training.evaluation.rejection import ACCEPTED, separate, threshold_for
from training.figures.canvas import BLUE, FADED, INK, PALE, VERMILION, blank, png, styled
from training.networks.architectures import build
from training.outliers.writing import LOOK_LIKE_DIGITS
from vision.input import Input

Scores = NDArray[np.floating]

EVERYTHING, PRINTED = "everything", "printed digits"
_STYLES = tuple((colour, line) for line in ("-", "--") for colour in (BLUE, VERMILION, INK))


class OODConfig(Part):
    """Which finished runs are evaluated on out-of-distribution pictures."""

    run: Annotated[tuple[Name, ...], Field(min_length=1)] = Field(
        ("mobilenet-mnist-seed0", "conv-mnist-seed0"), description="Folders of finished runs."
    )
    runs_dir: Path = Field(Path("runs"), description="Where they lie.")
    data_dir: Path = Field(Path("data"), description="Holds the data set of their training.")
    outliers: int = Field(500, ge=2, description="Out-of-distribution pictures of each kind.")
    seed: int = Field(1, ge=0, description="Of these pictures.")
    report: Path = Field(
        Path("docs/REJECTION.md"), description="The report; its figure is put beside it."
    )


@dataclass(frozen=True)
class ScoreRow:
    """One score on one run, at the threshold that accepts nearly all validation images.

    Attributes:
        rejected: Share of each kind of outlier, of all together, and of printed digits.
    """

    method: str
    separation: Separation  # of test images from outliers
    accepted: float  # share of the test images
    rejected: dict[str, float]


@dataclass(frozen=True)
class RunScores:
    """All scores on one run."""

    run: str
    config: RunConfig  # what it was started with
    accuracy: float  # on the test images
    rows: tuple[ScoreRow, ...]  # one for each score

    @property
    def best(self) -> ScoreRow:
        """The score of the highest AUROC over all outliers."""
        return max(self.rows, key=lambda row: row.separation.auroc)


def compare_scores(config: OODConfig) -> None:
    """Compare the scores on every run, and write the report.

    Raises:
        CheckpointError: There is no such run, its checkpoint is damaged, or it learnt from other
            data.
        DatasetError: The data set is missing, or it is not one of digits.
    """
    write_report([_score_run(config, name) for name in config.run], config.report)


def _score_run(config: OODConfig, name: str) -> RunScores:
    begun = Checkpoint.read(config.runs_dir / name)
    run = begun.config
    split, scaling, spec = _load_split(run, config.data_dir)
    if told := begun.other_data(split.data):
        raise CheckpointError(f"{told}. Give --data-dir the run's own data")
    network = build(run.shape, spec.shape, 10, run.seed)
    network.load_state_dict(begun.history.weights)

    def logits_of(pixels: Tensor) -> NDArray[np.float64]:
        return network_logits(network, pixels, scaling).double().numpy()

    validation, test = logits_of(split.validation.pixels), logits_of(split.test.pixels)
    temperature = evaluate.fit_temperature(validation, split.validation.truth)
    others = {kind: logits_of(pixels) for kind, pixels in _outliers(config, spec).items()}
    return RunScores(
        run=name,
        config=run,
        accuracy=float((test.argmax(axis=1) == split.test.truth).mean()),
        rows=tuple(
            _row(
                method,
                score(validation / temperature),
                score(test / temperature),
                {kind: score(found / temperature) for kind, found in others.items()},
            )
            for method, score in SCORES.items()
        ),
    )


def _load_split(run: RunConfig, data_dir: Path) -> tuple[Split, Normalization, Input]:
    """The run's data set, split as in training."""
    dataset = data.load(run.dataset, data_dir, run.side, run.mode)
    if dataset.preprocess != "digit":
        raise DatasetError(
            f"{run.dataset}: it is not known what is no picture of its classes; accepted are runs "
            "on mnist, qmnist and emnist-digits"
        )
    split = data.split(dataset, run.train_ratio, run.seed)
    scaling = normalization.measure(split.train)
    return split, scaling, dataset.input(scaling.mean, scaling.std)


@cache
def _outliers(config: OODConfig, spec: Input) -> dict[str, Tensor]:
    """Held-out outliers by kind, and printed digits, as the network sees them."""
    kinds = outliers.reaching("held-out", config.outliers, config.seed, spec)
    digits = outliers.printed("held-out", config.outliers, config.seed, spec)
    return {**kinds, PRINTED: digits.pixels}


def _row(method: str, validation: Scores, test: Scores, others: Mapping[str, Scores]) -> ScoreRow:
    threshold = threshold_for(validation, ACCEPTED)
    no_digits = {kind: scores for kind, scores in others.items() if kind != PRINTED}
    together = np.concatenate(list(no_digits.values()))
    return ScoreRow(
        method=method,
        separation=separate(test, no_digits),
        accepted=float((test >= threshold).mean()),
        rejected={
            EVERYTHING: float((together < threshold).mean()),
            **{kind: float((scores < threshold).mean()) for kind, scores in others.items()},
        },
    )


def write_report(compared: Sequence[RunScores], path: Path) -> None:
    """Write the page, and its figure beside it under the same name."""
    figure = path.with_suffix(".png")
    curves = {f"{one.run}, {one.best.method}": one.best.separation for one in compared}
    write(figure, png(draw_rejection(curves)))
    text = render(
        __package__,
        "rejection.md.j2",
        compared=compared,
        figure=figure.name,
        accepted=ACCEPTED,
        pictures=min(one.best.separation.pictures for one in compared),
        letters=sorted(LOOK_LIKE_DIGITS),
        everything=EVERYTHING,
    )
    write(path, text)


@styled
def draw_rejection(separations: Mapping[str, Separation]) -> Figure:
    """Draw one panel for each: the share of each kind rejected as the threshold rises."""
    figure = blank(4.2, "Outliers rejected against digits accepted")
    panels = figure.subplots(1, len(separations), sharey=True, squeeze=False)[0]
    for axes, (name, separation) in zip(panels, separations.items(), strict=True):
        _draw_kinds(axes, separation)
        axes.set_title(f"{name}\nAUROC {separation.auroc:.2%}")
    panels[0].set_ylabel("outliers rejected")
    panels[0].legend(frameon=False, fontsize=8)
    return figure


def _draw_kinds(axes: Axes, separation: Separation) -> None:
    rejected_digits = [1 - point.accepted for point in separation.curve]
    for kind, (colour, line) in zip(separation.auroc_by_kind, _STYLES, strict=False):
        rejected = [1 - point.outliers[kind] for point in separation.curve]
        axes.plot(
            rejected_digits, rejected, line, color=colour, marker="o", markersize=3, label=kind
        )
    axes.axvline(0.005, color=FADED, linestyle=":")
    axes.set_xscale("symlog", linthresh=0.001)
    ticks = {0.0: "100%", 0.001: "99.9%", 0.005: "99.5%", 0.02: "98%", 0.1: "90%"}
    axes.set_xticks(list(ticks), list(ticks.values()), minor=False)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
    axes.set_xlabel("digits accepted")
    axes.grid(axis="y", color=PALE)

"""Every score on every run, from the checkpoints to the report."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from artifact.manifest import Name, Part
from artifact.scores import SCORES
from research.ood.report import EVERYTHING, PRINTED, RunScores, ScoreRow, write_report
from training import data, outliers
from training.checkpoint import Checkpoint
from training.config import RunConfig
from training.data import Split, normalization
from training.data.normalization import Normalization
from training.errors import CheckpointError, DatasetError
from training.evaluation import evaluate
from training.evaluation.logits import network_logits
from training.evaluation.rejection import ACCEPTED, separate, threshold_for
from training.networks.architectures import build
from vision.input import Input

Scores = NDArray[np.floating]


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
    network.load_state_dict(begun.weights)

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

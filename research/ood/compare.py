"""Every score on every run, from the checkpoints to the report."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from research.ood.config import DecliningConfig
from research.ood.evidence import Evidence, look_at
from research.ood.methods import methods
from research.ood.report import EVERYTHING, PRINTED, Compared, Row, write_report
from training import checkpoint, data, outliers
from training.config import RunConfig
from training.data import Split, normalization
from training.data.normalization import Normalization
from training.errors import DatasetError
from training.evaluation import evaluate
from training.evaluation.assessment import truth
from training.evaluation.rejection import ACCEPTED, separate, threshold_for
from training.export.publication import describe_input
from training.networks.architectures import build
from vision.input import Input

Scores = NDArray[np.floating]


def compare(config: DecliningConfig) -> None:
    """Compare the scores on every run, and write the report.

    Raises:
        CheckpointError: There is no such run, or its checkpoint is damaged.
        DatasetError: The data set is missing, or it is not one of digits.
    """
    compared = [_compare(config, name) for name in config.run]
    write_report(compared, config.report)


def _compare(config: DecliningConfig, name: str) -> Compared:
    run, weights = checkpoint.chosen_weights(config.runs_dir / name)
    split, scaling, wanted = _learnt(run, config.data_dir)
    network = build(run.shape, wanted.shape, 10, run.seed)
    network.load_state_dict(weights)

    def seen(pixels: Tensor) -> Evidence:
        return look_at(network, pixels, scaling)

    validation, test = seen(split.validation.pixels), seen(split.test.pixels)
    temperature = evaluate.fit_temperature(validation.logits, truth(split.validation))
    others = {kind: seen(pixels) for kind, pixels in _shown(config, wanted).items()}
    scores = methods(seen(split.train.pixels), truth(split.train), temperature)
    return Compared(
        run=name,
        config=run,
        accuracy=float((test.logits.argmax(axis=1) == truth(split.test)).mean()),
        rows=tuple(
            _row(
                method,
                score(validation),
                score(test),
                {kind: score(evidence) for kind, evidence in others.items()},
            )
            for method, score in scores.items()
        ),
    )


def _learnt(run: RunConfig, data_dir: Path) -> tuple[Split, Normalization, Input]:
    """What the run learnt from, split as it was then."""
    dataset = data.load(run.dataset, data_dir, run.side, run.mode)
    if dataset.preprocess != "digit":
        raise DatasetError(
            f"{run.dataset}: it is not known what is no picture of its classes; accepted are runs "
            "on mnist, qmnist and emnist-digits"
        )
    split = data.split(dataset, run.train_ratio, run.seed)
    scaling = normalization.measure(split.train)
    return split, scaling, describe_input(dataset, scaling)


@cache
def _shown(config: DecliningConfig, wanted: Input) -> dict[str, Tensor]:
    """What the network is shown of held-out outliers, and of printed digits."""
    kinds = outliers.reaching("held-out", config.outliers, config.seed, wanted)
    digits = outliers.printed("held-out", config.outliers, config.seed, wanted)
    return {**kinds, PRINTED: digits.pixels}


def _row(method: str, validation: Scores, test: Scores, others: Mapping[str, Scores]) -> Row:
    threshold = threshold_for(validation, ACCEPTED)
    no_digits = {kind: scores for kind, scores in others.items() if kind != PRINTED}
    together = np.concatenate(list(no_digits.values()))
    return Row(
        method=method,
        separation=separate(test, no_digits),
        accepted=float((test >= threshold).mean()),
        declined={
            EVERYTHING: float((together < threshold).mean()),
            **{kind: float((scores < threshold).mean()) for kind, scores in others.items()},
        },
    )

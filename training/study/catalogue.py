"""Every study, as a value.

The first three are the seed report's own comparisons. Each study is asked in two protocols: the
seed report's, and this project's defaults with as many epochs.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from artifact.study import Protocol
from training.augment import Augmentation
from training.config import RunConfig
from training.study.definition import Arm, Definition

_EPOCHS: Final = 10
# Every value of the seed report that has a default here, so that the protocol does not move with
# the defaults. Precision is the same for all, so that a comparison of blocks compares nothing else.
_SEED_REPORT: Final = RunConfig(
    architecture="mobilenet",
    pooling="average",
    dataset="mnist",
    train_ratio=0.8,
    epochs=_EPOCHS,
    batch_size=64,
    optimizer="adam",
    learning_rate=0.001,
    momentum=0.9,
    weight_decay=0,
    schedule="constant",
    loss="cross-entropy",
    outlier_weight=0,
    ema_decay=0,
    augmentation=Augmentation(strength=0),
    precision="float32",
)
_OURS: Final = RunConfig(architecture="mobilenet", dataset="mnist", epochs=_EPOCHS)
_BASES: Final[dict[Protocol, RunConfig]] = {"seed": _SEED_REPORT, "ours": _OURS}
_MANY, _FEW = 5, 3  # seeds


def studies() -> dict[str, Definition]:
    """Every study by its name."""
    return {study.name: study for study in (*_compared(), *_varied(), _flawed_head())}


def _compared() -> Iterable[Definition]:
    yield from _both(
        "architectures",
        "Do MobileNet blocks (architecture 1) or standard convolutions (architecture 2) classify "
        "better?",
        _values("architecture", ("mobilenet", "conv")),
        seeds=_MANY,
    )
    yield from _both(
        "mixes",
        "Is one standard block before three MobileNet blocks better than three before one?",
        _values("architecture", ("conv1-mobile3", "conv3-mobile1")),
        seeds=_MANY,
    )
    yield _study(
        "optimizers",
        "Which optimizer learns better in the same time: SGD or Adam?",
        "seed",
        (
            Arm("sgd", {"optimizer": "sgd", "momentum": 0.0}),
            Arm("sgd with momentum", {"optimizer": "sgd"}),
            Arm("adam", {"optimizer": "adam"}),
        ),
        seeds=_MANY,
    )
    yield _study(
        "optimizers-ours",
        "Which optimizer learns better in the same time: SGD or AdamW?",
        "ours",
        (
            Arm("sgd with momentum", {"optimizer": "sgd", "learning_rate": 0.1}),
            Arm("adam", {"optimizer": "adam", "weight_decay": 0.0}),
            Arm("adamw", {"optimizer": "adamw"}),
        ),
    )


def _varied() -> Iterable[Definition]:
    losses = ("cross-entropy", "label-smoothing", "focal", "squared-error")
    yield from _both("losses", "Which loss should be minimised?", _values("loss", losses))
    yield from _both(
        "batch-sizes",
        "How many images should one step of the optimizer see?",
        _values("batch_size", (32, 64, 128, 256)),
    )
    question = "How high should the learning rate be?"
    yield _study("learning-rates", question, "seed", _values("learning_rate", _SEED_RATES))
    yield _study("learning-rates-ours", question, "ours", _values("learning_rate", _OUR_RATES))
    yield from _both(
        "epochs",
        "How many passes over the training images pay?",
        _values("epochs", (2, 5, 10, 20), "{} epochs"),
    )
    yield from _both(
        "ratios",
        "How many of the images should be learnt from, and how many chosen by?",
        tuple(
            Arm(f"{round(100 * ratio)}/{round(100 - 100 * ratio)}", {"train_ratio": ratio})
            for ratio in (0.5, 0.7, 0.8, 0.9)
        ),
    )


_SEED_RATES: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01)
_OUR_RATES: Final = (0.001, 0.003, 0.01, 0.03)


def _flawed_head() -> Definition:
    return _study(
        "flawed-head",
        "What does a ReLU on the logits do, and is it noticed?",
        "seed",
        (Arm("sound head"), Arm("ReLU on the logits", head="relu")),
        seeds=_MANY,
    )


def _both(
    name: str, question: str, arms: tuple[Arm, ...], seeds: int = _FEW
) -> Iterable[Definition]:
    yield _study(name, question, "seed", arms, seeds)
    yield _study(f"{name}-ours", question, "ours", arms)


def _study(
    name: str, question: str, protocol: Protocol, arms: tuple[Arm, ...], seeds: int = _FEW
) -> Definition:
    return Definition(name, question, protocol, _BASES[protocol], arms, seeds)


def _values(field: str, values: Sequence[str | float], label: str = "{}") -> tuple[Arm, ...]:
    return tuple(Arm(label.format(value), {field: value}) for value in values)

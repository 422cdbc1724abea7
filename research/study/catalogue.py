"""Every study, as a value.

Architectures, mixes and optimizers are the seed report's own comparisons. Each question but that of
the flawed head is studied in two protocols of as many epochs: the seed report's, and this
project's, which trains as the published models are trained, without what they learn beside MNIST,
and with ReLU, strides, bilinear resampling and a learning rate of 0.01 unless an arm differs.
"""

from collections.abc import Iterable, Sequence
from typing import Final, get_args

from artifact.study import Protocol
from research.study.definition import Arm, Definition
from training.augmentation import Augmentation, Interpolation
from training.config import RunConfig

_EPOCHS: Final = 10
# Every value of the seed report that has a default here, so that the protocol does not move with
# the defaults.
_SEED_REPORT: Final = RunConfig(
    architecture="mobilenet",
    activation="relu",
    downsampling="stride",
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
    precision="auto",
)
_OURS: Final = RunConfig(
    architecture="mobilenet",
    activation="relu",
    downsampling="stride",
    dataset="mnist",
    train_ratio=0.9,
    epochs=_EPOCHS,
    batch_size=128,
    learning_rate=0.01,
)
_BASES: Final[dict[Protocol, RunConfig]] = {"seed": _SEED_REPORT, "ours": _OURS}
_SEEDS: Final = 3
_BLOCKS: Final = "mobilenet"
_QUICK: Final = "mobilenet-tiny"  # two thirds of the time, for questions not about blocks


def studies() -> dict[str, Definition]:
    """Every study by its name."""
    return {study.name: study for study in (*_compared(), *_varied(), _flawed_head())}


def _compared() -> Iterable[Definition]:
    yield from _both(
        "architectures",
        "Do MobileNet blocks (architecture 1) or standard convolutions (architecture 2) classify "
        "better?",
        _values("architecture", ("mobilenet", "conv")),
    )
    question = "Does it help to know where on the last maps something lies?"
    poolings = _values("pooling", ("average", "weighted"))
    yield _study("poolings", question, "seed", poolings)
    yield _study("poolings-ours", question, "ours", poolings, _QUICK)
    yield from _both(
        "mixes",
        "Is one standard block before three MobileNet blocks better than three before one?",
        _values("architecture", ("conv1-mobile3", "conv3-mobile1")),
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
        _QUICK,
    )


def _varied() -> Iterable[Definition]:
    yield _study(
        "interpolations-ours",
        "Should pictures stay as sharp as they are when they are turned and moved?",
        "ours",
        tuple(
            Arm(kind, {"augmentation": {"interpolation": kind}}) for kind in get_args(Interpolation)
        ),
        _QUICK,
    )
    activations = _values("activation", ("relu", "hardswish"))
    yield from _both(
        "activations",
        "What should follow every normalisation?",
        activations,
        (*activations, *(_faster(arm) for arm in activations)),
    )
    losses = ("cross-entropy", "label-smoothing", "focal", "squared-error")
    yield from _quick("losses", "Which loss should be minimised?", _values("loss", losses))
    yield from _quick(
        "batch-sizes",
        "How many images should one step of the optimizer see?",
        _values("batch_size", (32, 64, 256)),
        _values("batch_size", (64, 128, 256)),
    )
    yield from _quick(
        "learning-rates",
        "How high should the learning rate be?",
        _values("learning_rate", (0.0003, 0.001, 0.003, 0.01)),
        _values("learning_rate", (0.001, 0.003, 0.01, 0.03)),
    )
    yield from _quick(
        "epochs",
        "How many passes over the training images pay?",
        _values("epochs", (2, 5, 10), "{} epochs"),
    )
    yield from _quick(
        "ratios",
        "How many of the images should be learnt from, and how many chosen by?",
        tuple(
            Arm(f"{round(100 * ratio)}/{round(100 - 100 * ratio)}", {"train_ratio": ratio})
            for ratio in (0.5, 0.8, 0.9)
        ),
    )


def _flawed_head() -> Definition:
    return _study(
        "flawed-head",
        "What does a ReLU on the logits do, and is it noticed?",
        "seed",
        (Arm("sound head"), Arm("ReLU on the logits", head="relu")),
    )


def _both(
    name: str,
    question: str,
    arms: tuple[Arm, ...],
    ours: tuple[Arm, ...] | None = None,
    architecture: str = _BLOCKS,
) -> Iterable[Definition]:
    """The question in both protocols, in ours of other arms where its own choice is another."""
    yield _study(name, question, "seed", arms, architecture)
    yield _study(f"{name}-ours", question, "ours", ours or arms, architecture)


def _quick(
    name: str, question: str, arms: tuple[Arm, ...], ours: tuple[Arm, ...] | None = None
) -> Iterable[Definition]:
    return _both(name, question, arms, ours, _QUICK)


def _study(
    name: str,
    question: str,
    protocol: Protocol,
    arms: tuple[Arm, ...],
    architecture: str = _BLOCKS,
) -> Definition:
    base = _BASES[protocol].model_copy(update={"architecture": architecture})
    return Definition(name, question, protocol, base, arms, _SEEDS)


def _faster(arm: Arm) -> Arm:
    return Arm(f"{arm.label} at 0.03", {**arm.changes, "learning_rate": 0.03})


def _values(field: str, values: Sequence[str | float], label: str = "{}") -> tuple[Arm, ...]:
    return tuple(Arm(label.format(value), {field: value}) for value in values)

"""Every study, as a value.

Architectures, mixes and optimizers are the seed report's own comparisons. Each question but that of
the flawed head is studied in two protocols of as many epochs: the seed report's, and this
project's, which trains as the published models are trained, without what they learn beside MNIST,
and with ReLU, strides, bilinear resampling and a learning rate of 0.01 unless an arm differs.
"""

from collections.abc import Sequence
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
    return {name: _study(name, architecture, arms) for name, architecture, arms in _studies()}


_QUESTIONS: Final = {
    "architectures": "Do MobileNet blocks (architecture 1) or standard convolutions "
    "(architecture 2) classify better?",
    "poolings": "Does it help to know where on the last maps something lies?",
    "mixes": "Is one standard block before three MobileNet blocks better than three before one?",
    "optimizers": "Which optimizer learns better in the same time: SGD or Adam?",
    "optimizers-ours": "Which optimizer learns better in the same time: SGD or AdamW?",
    "interpolations": "Should pictures stay as sharp as they are when they are turned and moved?",
    "activations": "What should follow every normalisation?",
    "losses": "Which loss should be minimised?",
    "batch-sizes": "How many images should one step of the optimizer see?",
    "learning-rates": "How high should the learning rate be?",
    "epochs": "How many passes over the training images pay?",
    "ratios": "How many of the images should be learnt from, and how many chosen by?",
    "flawed-head": "What does a ReLU on the logits do, and is it noticed?",
}


def _studies() -> Sequence[tuple[str, str, tuple[Arm, ...]]]:
    """Name, architecture and arms; a name that ends in `-ours` is of this project's protocol."""
    architectures = _values("architecture", ("mobilenet", "conv"))
    poolings = _values("pooling", ("average", "weighted"))
    mixes = _values("architecture", ("conv1-mobile3", "conv3-mobile1"))
    interpolations = tuple(
        Arm(kind, {"augmentation": {"interpolation": kind}}) for kind in get_args(Interpolation)
    )
    activations = _values("activation", ("relu", "hardswish"))
    faster = tuple(
        Arm(f"{arm.label} at 0.03", {**arm.changes, "learning_rate": 0.03}) for arm in activations
    )
    losses = _values("loss", ("cross-entropy", "label-smoothing", "focal", "squared-error"))
    epochs = _values("epochs", (2, 5, 10), "{} epochs")
    ratios = tuple(
        Arm(f"{round(100 * ratio)}/{round(100 - 100 * ratio)}", {"train_ratio": ratio})
        for ratio in (0.5, 0.8, 0.9)
    )
    momentum = Arm("sgd with momentum", {"optimizer": "sgd"})
    plain_sgd = Arm("sgd", {"optimizer": "sgd", "momentum": 0.0})
    our_optimizers = (
        Arm("sgd with momentum", {"optimizer": "sgd", "learning_rate": 0.1}),
        Arm("adam", {"optimizer": "adam", "weight_decay": 0.0}),
        Arm("adamw", {"optimizer": "adamw"}),
    )
    return (
        ("architectures", _BLOCKS, architectures),
        ("architectures-ours", _BLOCKS, architectures),
        ("poolings", _BLOCKS, poolings),
        ("poolings-ours", _QUICK, poolings),
        ("mixes", _BLOCKS, mixes),
        ("mixes-ours", _BLOCKS, mixes),
        ("optimizers", _BLOCKS, (plain_sgd, momentum, Arm("adam", {"optimizer": "adam"}))),
        ("optimizers-ours", _QUICK, our_optimizers),
        ("interpolations-ours", _QUICK, interpolations),
        ("activations", _BLOCKS, activations),
        ("activations-ours", _BLOCKS, (*activations, *faster)),
        ("losses", _QUICK, losses),
        ("losses-ours", _QUICK, losses),
        ("batch-sizes", _QUICK, _values("batch_size", (32, 64, 256))),
        ("batch-sizes-ours", _QUICK, _values("batch_size", (64, 128, 256))),
        ("learning-rates", _QUICK, _values("learning_rate", (0.0003, 0.001, 0.003, 0.01))),
        ("learning-rates-ours", _QUICK, _values("learning_rate", (0.001, 0.003, 0.01, 0.03))),
        ("epochs", _QUICK, epochs),
        ("epochs-ours", _QUICK, epochs),
        ("ratios", _QUICK, ratios),
        ("ratios-ours", _QUICK, ratios),
        ("flawed-head", _BLOCKS, (Arm("sound head"), Arm("ReLU on the logits", head="relu"))),
    )


def _study(name: str, architecture: str, arms: tuple[Arm, ...]) -> Definition:
    question = name.removesuffix("-ours")
    protocol: Protocol = "seed" if question == name else "ours"
    base = _BASES[protocol].model_copy(update={"architecture": architecture})
    asked = _QUESTIONS.get(name) or _QUESTIONS[question]
    return Definition(name, asked, protocol, base, arms, _SEEDS)


def _values(field: str, values: Sequence[str | float], label: str = "{}") -> tuple[Arm, ...]:
    return tuple(Arm(label.format(value), {field: value}) for value in values)

"""Data and a run that were never there, for what only has to know them again."""

from artifact.metrics import Epoch
from training.checkpoint import History
from training.data.identity import DataIdentity
from training.environment import Environment

DATA = DataIdentity(
    dataset="letters",
    labels=("a", "b"),
    pictures=60,
    sha256="a" * 64,
    test_sha256="b" * 64,
    train_ratio=0.8,
    seed=0,
    preprocessing={"shape": [1, 8, 8], "mode": "L", "preprocess": "resize"},
)
BEGUN = History(environment=Environment(commit=None, libraries={}, hardware="a machine"))
EPOCH = Epoch(
    epoch=3,
    learning_rate=0.004,
    train_loss=0.25,
    train_accuracy=0.9,
    validation_loss=0.125,
    validation_accuracy=0.95,
    seconds=1.5,
)

"""Data that was never there, for what only has to know it again."""

from training.data.identity import DataIdentity

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

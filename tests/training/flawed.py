"""A small network with the fault of the seed report: some outputs never win."""

from training.architectures import ARCHITECTURES, build
from training.study.heads import ReluHead

__all__ = ["ReluHead", "relu_head"]


def relu_head(classes: int = 10, seed: int = 0) -> ReluHead:
    """For grey pictures, with fresh weights."""
    return ReluHead(build(ARCHITECTURES["mobilenet"], channels=1, classes=classes, seed=seed))

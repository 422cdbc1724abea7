"""A small network with the fault of the seed report: some outputs never win."""

from research.study.runner import ReluHead
from training.networks.architectures import MOBILENET, build

__all__ = ["ReluHead", "relu_head"]


def relu_head(classes: int = 10, seed: int = 0) -> ReluHead:
    """For grey pictures of 8x8, with fresh weights."""
    return ReluHead(build(MOBILENET, (1, 8, 8), classes, seed))

"""The networks that are trained: the report's two kinds, grown to the picture, and libraries'."""

from dataclasses import asdict
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from artifact.manifest import Blocks, Cost, Library
from training.decide.arms.base import Task
from training.decide.arms.linear import LinearArm, Regression
from training.decide.collection.splits import Indices
from training.networks.architectures import Architecture, BlockKind, Network

_WIDTHS: Final = (32, 64, 96, 128, 160)  # of the stages, from large maps to small
_LARGE: Final = 48  # pixels: from here on the first convolution already halves the picture
_BLOCKS: Final = 2  # in a stage


class Normalized(nn.Module):
    """A network that takes unit pixels: what centres them is a part of it.

    Args:
        network: Of normalised pictures.
        channels: Of a picture.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, channels: int) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.full((1, channels, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, channels, 1, 1), 0.25))

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes] of unit pixels [N, C, H, W]."""
        logits: Tensor = self.network((images - self.mean) / self.std)
        return logits


def grown(kind: BlockKind, side: int) -> Architecture:
    """Blocks of one kind, in stages of halved maps, until the last ones see the whole picture."""
    large = side >= _LARGE
    strides: list[int] = []
    while not strides or receptive_field(2 if large else 1, strides) < side:
        strides += [2, *[1] * (_BLOCKS - 1)]
    widths = [_WIDTHS[min(place // _BLOCKS, len(_WIDTHS) - 1)] for place in range(len(strides))]
    return Architecture(
        (kind,) * len(strides),
        stem_stride=2 if large else 1,
        widths=tuple(widths),
        strides=tuple(strides),
        residual=True,
        activation="hardswish",
        downsampling="average" if kind == "mobile" else "stride",
    )


def receptive_field(stem_stride: int, strides: list[int]) -> int:
    """Pixels a side that one place of the last maps rests on, of 3x3 convolutions throughout."""
    field, step = 3, stem_stride
    for stride in strides:
        field, step = field + 2 * step, step * stride
    return field


def build_blocks(kind: BlockKind, task: Task, side: int, _: Indices) -> Normalized:
    """A network of blocks."""
    shape = (task.store.channels, side, side)
    return Normalized(Network(grown(kind, side), shape, task.classes), task.store.channels)


def tell_blocks(kind: BlockKind, side: int, cost: Cost) -> Blocks:
    """The blocks, as the manifest says them."""
    return Blocks(**asdict(grown(kind, side)), **vars(cost))


def build_library(task: Task, _side: int, _: Indices) -> Normalized:
    """Torchvision's MobileNetV3-Small, with weights of its own making."""
    from torchvision.models import mobilenet_v3_small  # noqa: PLC0415 - a second

    network = mobilenet_v3_small(weights=None, num_classes=task.classes)
    if task.store.channels == 1:
        first = network.features[0][0]
        network.features[0][0] = nn.Conv2d(1, first.out_channels, 3, 2, 1, bias=False)
    return Normalized(network, task.store.channels)


def tell_library(name: str, pretrained: str | None, _: int, cost: Cost) -> Library:
    """A library's network and what it learnt from before, as the manifest says them."""
    return Library(network=name, pretrained=pretrained, **vars(cost))


def build_tuned(features: LinearArm, task: Task, _side: int, train: Indices) -> nn.Module:
    """The features and the regression on them, to go on from.

    Kumar et al., Fine-tuning can distort pretrained features (arXiv:2202.10054): a head that has
    learnt first leaves the features less to unlearn.
    """
    if len(train):
        return features.learn(task, train).network
    width = features.of_some(task, np.zeros(1, np.int64)).shape[1]
    blank = np.zeros((task.classes, width), np.float32)
    return Regression(features, task, blank, blank[:, 0]).network

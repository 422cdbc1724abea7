"""What a linear arm sees of a picture: features that are computed, not learnt here.

Each is a module from unit pixels [N, C, H, W] to features [N, D], so that it is exported with the
linear layer as one file.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import pi
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.networks import efficientnet, mobilenet_v3

FeatureName = Literal["pixels", "hog-colour", "mobilenet-v3-small", "efficientnet-lite0"]
LEARNT_FROM_IMAGENET: Final = ("mobilenet-v3-small", "efficientnet-lite0")

_GRID: Final = 16  # places a side, of the pixels
_ORIENTATIONS: Final = 9
_CELLS: Final = 8  # a side
_EFFICIENTNET: Final = (9, 15, 19, 20)  # layers up to the blocks of 40, 112, 192 and 320 channels
_MOBILENET: Final = (4, 9, 12, 13)  # layers up to the blocks of 24, 48, 96 and 576 channels
_TINY: Final = 1e-3  # keeps what has no gradient from being divided by 0
_NEAR_ZERO: Final = 0.01  # of a feature: below, its root is a straight line


class Pixels(nn.Module):
    """The picture itself, averaged to 16x16."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.shrink = nn.AvgPool2d(side // _GRID)

    def forward(self, images: Tensor) -> Tensor:
        """Features [N, C * 256] around 0."""
        features: Tensor = self.shrink(images).flatten(1) - 0.5
        return features


class HogColour(nn.Module):
    """Histograms of oriented gradients in 8x8 cells, and each cell's mean colour.

    Dalal and Triggs, Histograms of oriented gradients for human detection (2005), with unsigned
    orientations; a gradient counts for those near it by the cosine of twice the angle between.
    """

    horizontal: Tensor
    vertical: Tensor
    cosines: Tensor
    sines: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        step = torch.tensor([[-0.5, 0.0, 0.5]])
        angles = torch.arange(_ORIENTATIONS) * (2 * pi / _ORIENTATIONS)
        self.register_buffer("horizontal", step.view(1, 1, 1, 3))
        self.register_buffer("vertical", step.view(1, 1, 3, 1))
        self.register_buffer("cosines", angles.cos().view(1, -1, 1, 1))
        self.register_buffer("sines", angles.sin().view(1, -1, 1, 1))
        self.cells = nn.AvgPool2d(side // _CELLS)
        self.tiny = _TINY

    def forward(self, images: Tensor) -> Tensor:
        """Features [N, 64 * (9 + C)]."""
        grey = F.pad(images.mean(dim=1, keepdim=True), (1, 1, 1, 1), mode="replicate")
        across = F.conv2d(grey[:, :, 1:-1], self.horizontal)
        down = F.conv2d(grey[..., 1:-1], self.vertical)
        strength = (across * across + down * down + self.tiny**2).sqrt()
        doubled = (across * across - down * down) * self.cosines
        doubled = doubled + 2 * across * down * self.sines
        votes = (doubled / strength).clamp(min=0) ** 2 / strength
        histograms = self.cells(votes)
        around = F.avg_pool2d((histograms * histograms).sum(1, keepdim=True), 3, 1, 1)
        oriented = histograms / (around + self.tiny).sqrt()
        return torch.cat((oriented.flatten(1), self.cells(images).flatten(1) - 0.5), dim=1)


class Pretrained(nn.Module):
    """What a network that knows ImageNet makes of the picture, at the end and on the way there.

    Beside the last layer's features, those of four earlier stages: they know less of ImageNet's
    classes, and more of outlines and textures that drawings have too. Of each the signed root is
    taken, so that a few strong ones do not outshout the rest: Perronnin, Sanchez and Mensink,
    Improving the Fisher kernel (2010).

    Args:
        layers: Of the network; the last one's output is [N, D].
        stages: How many layers come before the end of each earlier stage.
        mean: Of the pictures that it learnt from.
        std: Of those.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layers: Sequence[nn.Module],
        stages: Sequence[int],
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__()
        self.near_zero = _NEAR_ZERO
        self.parts = nn.ModuleList(
            nn.Sequential(*layers[start:end]) for start, end in pairwise((0, *stages, len(layers)))
        )
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Features [N, D] of pictures in colour or grey, the stages' beside the last layer's."""
        maps = (images - self.mean) / self.std
        features: list[Tensor] = []
        for part in self.parts:
            maps = part(maps)
            features.append(maps.mean(dim=(2, 3)) if maps.dim() == 4 else maps)
        together = torch.cat(features, dim=1)
        return together / (together.abs() + self.near_zero).sqrt()


FEATURES: Final[Mapping[FeatureName, Callable[[int], nn.Module]]] = {  # by the pictures' side
    "pixels": Pixels,
    "hog-colour": HogColour,
    "mobilenet-v3-small": lambda _: Pretrained(  # torchvision's: 1,768 features
        [*mobilenet_v3.layers()], _MOBILENET, mobilenet_v3.MEAN, mobilenet_v3.STD
    ),
    "efficientnet-lite0": lambda _: Pretrained(  # 1,944 features
        [*efficientnet.pretrained()], _EFFICIENTNET, efficientnet.MEAN, efficientnet.STD
    ),
}

"""How training pictures of anything are changed: never so that another class would be meant.

Pictures go to their edge, so what a shift uncovers is filled with the edge's own colours.
"""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

_ROTATION: Final = 0.17  # radians, about 10 degrees
_SCALE: Final = 0.15  # share by which each side may change
_ZOOM: Final = 0.2  # share by which both may
_SHIFT: Final = 0.1  # share of the side
_SHEAR: Final = 0.1
_BRIGHTNESS: Final = 0.2
_CONTRAST: Final = 0.2
_TINT: Final = 0.1  # of each channel of colour by itself


def augment(images: Tensor, generator: Generator, *, mirror: bool) -> Tensor:
    """The pictures changed, each in its own way.

    Args:
        images: [N, C, H, W], 0 to 1.
        generator: Source of every draw.
        mirror: Whether half of them are mirrored.
    """
    grid = F.affine_grid(_matrices(len(images), generator, mirror), list(images.shape), False)
    moved = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return _colours(moved, generator)


def _uniform(generator: Generator, *shape: int, bound: float) -> Tensor:
    return torch.rand(shape, generator=generator).mul_(2).sub_(1).mul_(bound)


def _matrices(count: int, generator: Generator, mirror: bool) -> Tensor:
    """From output to input coordinates, [N, 2, 3]."""
    angle = _uniform(generator, count, bound=_ROTATION)
    zoom = 1 + _uniform(generator, count, bound=_ZOOM)
    width, height = zoom * (1 + _uniform(generator, 2, count, bound=_SCALE))
    shear = _uniform(generator, count, bound=_SHEAR)
    shift = _uniform(generator, count, 2, bound=2 * _SHIFT)
    if mirror:
        width = width * torch.randint(2, (count,), generator=generator).mul(2).sub(1)
    across = torch.stack((angle.cos() * width, (shear - angle.sin()) * height), dim=-1)
    down = torch.stack((angle.sin() * width, angle.cos() * height), dim=-1)
    return torch.cat((torch.stack((across, down), dim=1), shift[..., None]), dim=-1)


def _colours(images: Tensor, generator: Generator) -> Tensor:
    count, channels = images.shape[:2]
    brightness = _uniform(generator, count, 1, 1, 1, bound=_BRIGHTNESS)
    tint = _uniform(generator, count, channels, 1, 1, bound=_TINT if channels > 1 else 0)
    contrast = 1 + _uniform(generator, count, 1, 1, 1, bound=_CONTRAST)
    centre = images.mean(dim=(1, 2, 3), keepdim=True)
    return ((images - centre) * contrast + centre + brightness + tint).clamp_(0, 1)

"""Augmentation of a whole batch at once, on the device it lies on.

Everything is drawn from one explicit generator, so that a run can be repeated and resumed.
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Generator, Tensor

from artifact.manifest import Part

Interpolation = Literal["bilinear", "bicubic"]

_REFERENCE_SIDE = 28  # 3x3 neighbourhoods change a smaller picture by more: scale them back


class Augmentation(Part):
    """How far each image may be changed; every amount is drawn uniformly up to its bound."""

    strength: float = Field(1.0, ge=0, description="Multiplies all other bounds; 0 is off.")
    rotation: float = Field(10.0, ge=0, description="Degrees to either side.")
    scale: float = Field(0.1, ge=0, lt=1, description="Share by which each side may change.")
    shear: float = Field(0.15, ge=0, description="Horizontal shift per unit of height: slant.")
    translation: float = Field(0.06, ge=0, description="Share of the side, to either side.")
    elastic: float = Field(0.02, ge=0, description="Smooth local shift, as share of the side.")
    interpolation: Interpolation = Field(
        "bilinear",
        description="Of the resampling: bilinear blurs, so that the network sees no picture as "
        "sharp as those it will be sent; bicubic blurs less.",
    )
    stroke: float = Field(0.3, ge=0, le=1, description="Blend towards thicker or thinner strokes.")
    blur: float = Field(0.2, ge=0, le=1, description="Blend towards the 3x3 mean.")
    contrast: float = Field(0.15, ge=0, lt=1, description="Share by which ink may be fainter.")
    noise: float = Field(0.02, ge=0, description="Standard deviation; pictures are 0 to 1.")


class Augmenter:
    """Draws and applies augmentations."""

    def __init__(self, bounds: Augmentation, generator: Generator) -> None:
        self.bounds = bounds
        self.generator = generator

    def __call__(self, images: Tensor) -> Tensor:
        """The images changed, each in its own way.

        Args:
            images: [N, C, H, W], float32, 0 to 1, the ground at 0.

        Returns:
            A new tensor of the same shape and range.
        """
        if self.bounds.strength == 0:
            return images
        images = self._warp(images)
        images = self._stroke(images)
        images = self._blur(images)
        return self._tone(images)

    def _uniform(self, *shape: int, bound: float) -> Tensor:
        """Values from -bound to bound, times the strength."""
        device = self.generator.device
        unit = torch.rand(shape, generator=self.generator, device=device).mul_(2).sub_(1)
        return unit.mul_(bound * self.bounds.strength)

    def _warp(self, images: Tensor) -> Tensor:
        """Affine and elastic change by one resampling."""
        grid = F.affine_grid(self._affine(len(images)), list(images.shape), align_corners=False)
        if self.bounds.elastic:
            grid = grid + self._displacement(len(images), images.shape[-2:])
        mode = self.bounds.interpolation
        return F.grid_sample(images, grid, mode=mode, align_corners=False).clamp_(0, 1)

    def _affine(self, count: int) -> Tensor:
        """Matrices [N, 2, 3] from output to input coordinates."""
        bounds = self.bounds
        angle = self._uniform(count, bound=math.radians(bounds.rotation))
        shear = self._uniform(count, bound=bounds.shear)
        width, height = (1 + self._uniform(2, count, bound=bounds.scale)).clamp(min=0.1)
        shift = self._uniform(count, 2, bound=2 * bounds.translation)
        cos, sin = angle.cos(), angle.sin()
        slanted = torch.stack((cos * width, (shear * cos - sin) * height), dim=-1)
        upright = torch.stack((sin * width, (shear * sin + cos) * height), dim=-1)
        return torch.cat((torch.stack((slanted, upright), dim=1), shift[..., None]), dim=-1)

    def _displacement(self, count: int, size: torch.Size) -> Tensor:
        """A smooth field [N, H, W, 2] of shifts, drawn on 4x4 points and interpolated."""
        points = self._uniform(count, 4, 4, 2, bound=2 * self.bounds.elastic)
        rows, columns = (_interpolation(side, points) for side in size)
        return torch.einsum("ya,nabk,xb->nyxk", rows, points, columns)

    def _stroke(self, images: Tensor) -> Tensor:
        """Towards the 3x3 maximum where the amount is positive, the minimum where negative."""
        amount = self._local(images, self.bounds.stroke)
        signed = images * amount.sign()
        thick_or_thin = maximum3x3(signed) * amount.sign()
        return torch.lerp(images, thick_or_thin, amount.abs())

    def _blur(self, images: Tensor) -> Tensor:
        amount = self._local(images, self.bounds.blur).abs()
        return torch.lerp(images, F.avg_pool2d(images, 3, stride=1, padding=1), amount)

    def _local(self, images: Tensor, bound: float) -> Tensor:
        """Blends of a 3x3 neighbourhood [N, 1, 1, 1]: at most 1, less for pictures below 28."""
        count, _, height, _ = images.shape
        bound *= min(1.0, height / _REFERENCE_SIDE)
        return self._uniform(count, 1, 1, 1, bound=bound).clamp_(-1, 1)

    def _tone(self, images: Tensor) -> Tensor:
        """Fainter ink, then noise."""
        faint = self._uniform(len(images), 1, 1, 1, bound=self.bounds.contrast).abs()
        noise = torch.randn(images.shape, generator=self.generator, device=images.device)
        level = self._uniform(len(images), 1, 1, 1, bound=self.bounds.noise)
        return (images * (1 - faint).clamp(min=0) + noise * level).clamp_(0, 1)


def _interpolation(side: int, like: Tensor) -> Tensor:
    """The matrix [side, 4] that interpolates 4 points by a cubic."""
    identity = torch.eye(4, dtype=like.dtype, device=like.device).view(4, 1, 4, 1)
    columns = F.interpolate(identity, size=[side, 1], mode="bicubic", align_corners=True)
    return columns.view(4, side).T


def maximum3x3(images: Tensor) -> Tensor:
    """Of each pixel's surroundings; one axis after the other, far faster than max pooling."""
    for axis in (-1, -2):
        size = images.shape[axis]
        inner = images.narrow(axis, 0, size - 1).maximum(images.narrow(axis, 1, size - 1))
        first, last = images.narrow(axis, 0, 1), images.narrow(axis, size - 1, 1)
        images = torch.cat((first, inner), axis).maximum(torch.cat((inner, last), axis))
    return images

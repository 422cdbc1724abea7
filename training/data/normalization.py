"""The one transform between stored pictures and the network."""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from training.data import Images

_PART: Final = 1024  # pictures
_SMALLEST_DEVIATION: Final = 0.0001


@dataclass(frozen=True)
class Normalization:
    """(pixels / 255 - mean) / std, as the manifest's input says to the service."""

    mean: tuple[float, ...]  # of each channel
    std: tuple[float, ...]  # of each channel

    def __call__(self, unit: Tensor) -> Tensor:
        """Normalised pictures of pictures [N, C, H, W] that lie in 0..1."""
        mean, std = (
            torch.tensor(values, dtype=unit.dtype, device=unit.device).view(1, -1, 1, 1)
            for values in (self.mean, self.std)
        )
        return (unit - mean) / std

    def inputs(self, pixels: Tensor) -> Tensor:
        """What the network takes of stored pixels [N, C, H, W]: float32 of the same shape."""
        return self(to_unit(pixels))


def measure(images: Images) -> Normalization:
    """Mean and standard deviation of each channel over these images, to four decimals.

    A channel that is the same everywhere has the smallest deviation that four decimals tell.
    """
    counts = torch.stack([_histogram(channel) for channel in images.pixels.unbind(dim=1)])
    shares = counts / counts.sum(dim=1, keepdim=True)
    values = torch.arange(256, dtype=torch.float64) / 255
    mean = shares @ values
    variance = (shares * (values - mean[:, None]).square()).sum(dim=1)
    std = variance.sqrt().clamp(min=_SMALLEST_DEVIATION)
    return Normalization(
        *(tuple(round(value, 4) for value in each.tolist()) for each in (mean, std))
    )


def _histogram(pixels: Tensor) -> Tensor:
    """Count how often each value occurs, in parts: float copies of all pixels fill the memory."""
    parts = (part.flatten().bincount(minlength=256) for part in torch.split(pixels, _PART))
    return sum(parts, torch.zeros(256, dtype=torch.int64)).cpu().double()


def to_unit(pixels: Tensor) -> Tensor:
    """Turn uint8 pixels into float32 in 0..1."""
    return pixels.float().div_(255)

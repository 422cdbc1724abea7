"""The one transform between stored pictures and the network."""

from dataclasses import dataclass

import torch
from torch import Tensor

from training.data import Images


@dataclass(frozen=True)
class Normalization:
    """(pixels / 255 - mean) / std, as the manifest's input says to the service.

    Attributes:
        mean: Of each channel.
        std: Of each channel.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

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
    """Mean and standard deviation of each channel over these images, to four decimals."""
    pixels = images.pixels.double().div_(255)
    mean = pixels.mean(dim=(0, 2, 3)).tolist()
    std = pixels.std(dim=(0, 2, 3), correction=0).tolist()
    return Normalization(tuple(_rounded(mean)), tuple(_rounded(std)))


def to_unit(pixels: Tensor) -> Tensor:
    """Turn uint8 pixels into float32 in 0..1."""
    return pixels.float().div_(255)


def _rounded(values: list[float]) -> list[float]:
    return [round(value, 4) for value in values]

"""From stored pictures to logits: the one transform of training, and whole sets at once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.data import Images

_BATCH = 500  # large enough for the processor, small enough for its cache


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


def to_unit(pixels: Tensor) -> Tensor:
    """uint8 pixels as float32 in 0..1."""
    return pixels.float().div_(255)


@torch.inference_mode()
def predict(network: nn.Module, images: Images, normalization: Normalization) -> Tensor:
    """Logits [N, classes] of all images, on their device, in evaluation mode and float32."""
    network.eval()
    batches = images.pixels.split(_BATCH)
    return torch.cat([network(normalization(to_unit(batch))) for batch in batches])

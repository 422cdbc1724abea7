"""All the logits of a network on a set of images, once; every metric is a function of them."""

import torch
from torch import Tensor, nn

from training.data import Images
from training.data.normalization import Normalization

_BATCH = 500  # large enough for the processor, small enough for its cache


def network_logits(network: nn.Module, images: Images, normalization: Normalization) -> Tensor:
    """Float32 logits [N, classes], on the images' device.

    Args:
        network: On the same device; left in evaluation mode.
        images: N stored images.
        normalization: Of the network's input.
    """
    return pixel_logits(network, images.pixels, normalization)


@torch.inference_mode()
def pixel_logits(network: nn.Module, pixels: Tensor, normalization: Normalization) -> Tensor:
    """Float32 logits [N, classes] of stored pixels [N, C, H, W], of whatever class or of none."""
    network.eval()
    batches = torch.split(pixels, _BATCH)
    return torch.cat([network(normalization.inputs(batch)).float() for batch in batches])

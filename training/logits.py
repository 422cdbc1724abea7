"""All the logits of a network on a set of images, once; every metric is a function of them."""

import torch
from torch import Tensor, nn

from training.data import Images
from training.normalization import Normalization

_BATCH = 500  # large enough for the processor, small enough for its cache


@torch.inference_mode()
def network_logits(network: nn.Module, images: Images, normalization: Normalization) -> Tensor:
    """Float32 logits [N, classes], on the images' device.

    Args:
        network: On the same device; left in evaluation mode.
        images: N stored images.
        normalization: Of the network's input.
    """
    network.eval()
    batches = torch.split(images.pixels, _BATCH)
    return torch.cat([network(normalization.inputs(batch)).float() for batch in batches])

"""All the logits of a network on a set of images, once; every metric is a function of them."""

import torch
from torch import Tensor, nn

from training.data.normalization import Normalization

_BATCH = 500  # large enough for the processor, small enough for its cache


@torch.inference_mode()
def network_logits(network: nn.Module, pixels: Tensor, normalization: Normalization) -> Tensor:
    """Float32 logits [N, classes] of stored pixels [N, C, H, W], on their device.

    The network, on the same device, is left in evaluation mode.
    """
    network.eval()
    batches = torch.split(pixels, _BATCH)
    return torch.cat([network(normalization.inputs(batch)).float() for batch in batches])

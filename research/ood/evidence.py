"""What a network makes of pictures: all that any score may rest on."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.data.normalization import Normalization
from training.networks.architectures import Network

_BATCH = 500

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Of N pictures.

    Attributes:
        features: [N, D], what the last layer takes.
        logits: [N, K], what it makes of them; before any temperature.
    """

    features: Doubles
    logits: Doubles


@torch.inference_mode()
def look_at(network: Network, pixels: Tensor, normalization: Normalization) -> Evidence:
    """Run stored pixels [N, C, H, W] through a network once, keeping what its head takes."""
    features: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        features.append(inputs[0])

    hook = network.eval().head.register_forward_pre_hook(keep)
    batches = torch.split(pixels, _BATCH)
    logits = torch.cat([network(normalization.inputs(batch)) for batch in batches])
    hook.remove()
    return Evidence(torch.cat(features).double().numpy(), logits.double().numpy())

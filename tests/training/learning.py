"""Networks that have learnt a little."""

import torch
from torch import nn

from training.data import Split, normalization


def fitted(network: nn.Module, split: Split) -> nn.Module:
    """Learnt a little, in fifty steps."""
    scaling = normalization.measure(split.train)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
    for _ in range(50):
        loss = nn.functional.cross_entropy(
            network(scaling.inputs(split.train.pixels)), split.train.labels
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()

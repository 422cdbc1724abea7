"""A network with the fault of the seed report: some outputs never win.

A ReLU on the logits has no gradient where it is 0. An output that begins there for every picture
stays there: its class is predicted only where all others are 0 too.
"""

from torch import Tensor, nn

from training.architectures import ARCHITECTURES, Network, build


class ReluHead(nn.Module):
    """A network with a ReLU on its logits."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.network(images)
        return logits.relu()


def relu_head(classes: int = 10, seed: int = 0) -> ReluHead:
    """A small one for grey pictures, with fresh weights."""
    return ReluHead(build(ARCHITECTURES["mobilenet"], channels=1, classes=classes, seed=seed))

"""What ends a network: its own linear layer, or a fault that studies reproduce on purpose."""

from collections.abc import Callable

from torch import Tensor, nn

from artifact.study import Head
from training.networks.architectures import Network


class ReluHead(nn.Module):
    """A network with a ReLU on its logits: the fault of the seed report.

    The ReLU has no gradient where it is 0. An output that begins there for every picture stays
    there: its class is predicted only where all others are 0 too.

    Args:
        network: Whose logits are cut off at 0.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes], none below 0, of normalised images."""
        logits: Tensor = self.network(images)
        return logits.relu()


def unaltered(network: Network) -> nn.Module:
    """The network as it is."""
    return network


HEADS: dict[Head, Callable[[Network], nn.Module]] = {"linear": unaltered, "relu": ReluHead}

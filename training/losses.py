"""What training can minimise: functions of logits [N, classes] and labels [N]."""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from training.config import LossName

Loss = Callable[[Tensor, Tensor], Tensor]


def focal(logits: Tensor, labels: Tensor, gamma: float = 2.0) -> Tensor:
    """Cross-entropy that counts images less the surer they are: Lin et al., arXiv:1708.02002."""
    surprise = F.cross_entropy(logits, labels, reduction="none")
    sureness = (-surprise).exp()
    return ((1 - sureness) ** gamma * surprise).mean()


def squared_error(logits: Tensor, labels: Tensor) -> Tensor:
    """Sum over classes of the squared error of the probabilities: Brier's score."""
    target = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return (logits.softmax(dim=1) - target).square().sum(dim=1).mean()


def indifference(logits: Tensor) -> Tensor:
    """Cross-entropy with all classes alike likely, for pictures that are of none of them.

    Source: Hendrycks et al., "Deep anomaly detection with outlier exposure" (arXiv:1812.04606).
    """
    return -logits.log_softmax(dim=1).mean()


LOSSES: dict[LossName, Loss] = {
    "cross-entropy": F.cross_entropy,
    "label-smoothing": partial(F.cross_entropy, label_smoothing=0.1),
    "focal": focal,
    "squared-error": squared_error,
}

"""What training can minimise: functions of logits [N, classes] and labels [N]."""

from collections.abc import Callable
from functools import partial

import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from training.config import LossName
from training.data import NO_CLASS

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


def outlier_exposure(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy in which a picture of no class should have all of them alike likely.

    Source: Hendrycks et al., "Deep anomaly detection with outlier exposure" (arXiv:1812.04606).
    """
    is_none = (labels == NO_CLASS)[:, None]
    target = F.one_hot(labels.clamp(min=0), logits.shape[1]).to(logits.dtype)
    return F.cross_entropy(logits, target.where(~is_none, 1 / logits.shape[1]))


LOSSES: dict[LossName, Loss] = {
    "cross-entropy": F.cross_entropy,
    "label-smoothing": partial(F.cross_entropy, label_smoothing=0.1),
    "focal": focal,
    "squared-error": squared_error,
}

"""Losses, optimizers, learning-rate schedules and the moving average of the weights."""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD, Adadelta, Adam, AdamW, Optimizer, RMSprop
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from torch.optim.swa_utils import AveragedModel

from training.config import LossName, OptimizerName, RunConfig, ScheduleName
from training.data import NO_CLASS

Loss = Callable[[Tensor, Tensor], Tensor]

Tensors = tuple[Tensor, ...] | list[Tensor]

_WARM_UP = 0.2  # share of the steps in which onecycle climbs
_FLOOR = 1e-3  # share of the peak where onecycle starts and the falling schedules end


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


def make_optimizer(network: nn.Module, config: RunConfig) -> Optimizer:
    """The optimizer that the config names, without decay of biases and normalisation."""
    weights = [weight for weight in network.parameters() if weight.ndim > 1]
    others = [weight for weight in network.parameters() if weight.ndim <= 1]
    groups = [
        {"params": weights, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    rate, momentum = config.learning_rate, config.momentum
    makers: dict[OptimizerName, Callable[[], Optimizer]] = {
        "sgd": lambda: SGD(groups, rate, momentum=momentum, nesterov=momentum > 0, fused=True),
        "adam": lambda: Adam(groups, rate, fused=True),
        "adamw": lambda: AdamW(groups, rate, fused=True),
        "rmsprop": lambda: RMSprop(groups, rate, momentum=momentum),
        "adadelta": lambda: Adadelta(groups, rate),
    }
    return makers[config.optimizer]()


def make_scheduler(optimizer: Optimizer, schedule: ScheduleName, steps: int) -> LRScheduler:
    """The schedule over that many optimizer steps, to be advanced after each one."""
    return LambdaLR(optimizer, lambda step: SCHEDULES[schedule](min(step / steps, 1.0)))


def step(progress: float) -> float:
    """A tenth from the middle on, a hundredth in the last quarter."""
    return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01


def cosine(progress: float) -> float:
    """Half a cosine down to the floor."""
    return _FLOOR + (1 - _FLOOR) * (1 + math.cos(math.pi * progress)) / 2


def onecycle(progress: float) -> float:
    """Up to the peak, then down: Smith and Topin, arXiv:1708.07120."""
    if progress < _WARM_UP:
        return cosine(1 - progress / _WARM_UP)
    return cosine((progress - _WARM_UP) / (1 - _WARM_UP))


SCHEDULES: dict[ScheduleName, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "step": step,
    "cosine": cosine,
    "onecycle": onecycle,
}


def make_average(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of weights and normalisation statistics.

    The decay grows with the number of updates, so that the first weights are soon forgotten.
    """

    @torch.no_grad()
    def average(averaged: Tensors, current: Tensors, updates: Tensor | int) -> None:
        weight = 1 - min(decay, (1 + int(updates)) / (10 + int(updates)))
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(averaged, current, weight)
        else:
            torch._foreach_copy_(averaged, current)

    return AveragedModel(network, multi_avg_fn=average, use_buffers=True)

"""Losses, optimizers, schedules and the average."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import LossName, RunConfig, ScheduleName
from training.data import NO_CLASS
from training.networks.architectures import architecture, build
from training.optimization import (
    LOSSES,
    SCHEDULES,
    focal,
    make_average,
    make_optimizer,
    make_scheduler,
    outlier_exposure,
    squared_error,
)

LABELS = torch.tensor([0, 1, 2])
SURE = F.one_hot(LABELS, 3).float() * 3

OPTIMIZERS = ["sgd", "adam", "adamw", "rmsprop", "adadelta"]


@pytest.mark.parametrize("name", LOSSES)
def test_right_answers_cost_less_than_wrong_ones(name: LossName) -> None:
    loss = LOSSES[name]
    assert loss(SURE, LABELS) < loss(torch.zeros(3, 3), LABELS) < loss(SURE, LABELS.flip(0))


@pytest.mark.parametrize("name", LOSSES)
def test_descending_the_gradient_lowers_the_loss(name: LossName) -> None:
    logits = torch.tensor([[0.3, -0.2, 0.1]] * 3, requires_grad=True)
    before: Tensor = LOSSES[name](logits, LABELS)
    (gradient,) = torch.autograd.grad(before, logits)
    assert LOSSES[name](logits.detach() - 0.1 * gradient, LABELS) < before


def test_focal_without_focus_is_cross_entropy() -> None:
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 0, 1])
    assert focal(logits, labels, gamma=0).item() == pytest.approx(
        F.cross_entropy(logits, labels).item()
    )


def test_focal_of_even_odds() -> None:
    assert focal(torch.zeros(1, 2), torch.tensor([0])).item() == pytest.approx(math.log(2) / 4)


def test_squared_error_of_even_odds() -> None:
    assert squared_error(torch.zeros(1, 2), torch.tensor([0])).item() == pytest.approx(0.5)


def test_picture_of_no_class_should_have_all_alike_likely() -> None:
    undecided, none = torch.zeros(2, 3), torch.full((2,), NO_CLASS)
    assert float(outlier_exposure(undecided, none)) == pytest.approx(math.log(3))
    assert outlier_exposure(SURE[:2], none) > outlier_exposure(undecided, none)


def test_picture_of_a_class_among_outliers_should_be_that_class() -> None:
    expected = F.cross_entropy(SURE, LABELS)
    torch.testing.assert_close(outlier_exposure(SURE, LABELS), expected)


def network() -> nn.Module:
    return build(architecture("mobilenet"), (1, 8, 8), 10, seed=0)


def one_step(net: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    net(torch.ones(4, 1, 8, 8)).square().mean().backward()
    optimizer.step()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_moves_every_weight(name: str) -> None:
    net = network()
    before = copy.deepcopy(net.state_dict())
    one_step(net, make_optimizer(net, RunConfig.model_validate({"optimizer": name})))
    moved = {n for n, weight in net.named_parameters() if not torch.equal(weight, before[n])}
    assert "head.weight" in moved
    assert "head.bias" in moved


def test_only_weights_with_directions_decay() -> None:
    net = network()
    decaying, others = make_optimizer(net, RunConfig(weight_decay=0.3)).param_groups
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.3, 0)
    assert {weight.ndim for weight in decaying["params"]} == {2, 4}
    assert {weight.ndim for weight in others["params"]} == {1}


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1, 1, 1, 1]),
        ("step", [1, 1, 0.1, 0.01]),
        ("cosine", [1, 0.853, 0.5, 0.147]),
        ("onecycle", [0.001, 0.991, 0.692, 0.223]),
    ],
)
def test_schedule_at_each_quarter(schedule: ScheduleName, expected: list[float]) -> None:
    factors = [SCHEDULES[schedule](quarter / 4) for quarter in range(4)]
    assert factors == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedule_stays_between_nothing_and_the_peak(schedule: ScheduleName) -> None:
    factors = [SCHEDULES[schedule](step / 100) for step in range(101)]
    assert min(factors) > 0
    assert max(factors) == 1


def test_learning_rate_ends_at_the_floor() -> None:
    optimizer = make_optimizer(network(), RunConfig(learning_rate=0.1))
    scheduler = make_scheduler(optimizer, "onecycle", steps=10)
    for _ in range(10):
        optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr()[0] == pytest.approx(1e-4)


def test_average_without_decay_is_the_network() -> None:
    net = network().train()
    average = make_average(net, decay=0)
    one_step(net, make_optimizer(net, RunConfig()))
    average.update_parameters(net)
    for name, value in average.module.state_dict().items():
        assert torch.equal(value, net.state_dict()[name]), name


def test_average_lies_between_old_and_new_and_has_the_statistics() -> None:
    net = nn.BatchNorm1d(1)
    average = make_average(net, decay=0.999)
    average.update_parameters(net)
    doubled = {name: value + 1 for name, value in net.state_dict().items()}
    net.load_state_dict(doubled)
    average.update_parameters(net)
    averaged = average.module.state_dict()
    assert averaged["weight"].item() == pytest.approx(2 - 2 / 11)
    assert averaged["running_mean"].item() == pytest.approx(1 - 2 / 11)
    assert averaged["num_batches_tracked"] == 1

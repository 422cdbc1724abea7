import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from training.config import LossName
from training.data import NO_CLASS
from training.optimization import LOSSES, focal, outlier_exposure, squared_error

LABELS = torch.tensor([0, 1, 2])
SURE = F.one_hot(LABELS, 3).float() * 3


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

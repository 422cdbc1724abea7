from typing import get_args

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.augmentation import Augmentation, Augmenter, Interpolation, maximum3x3

PARTS = (
    "rotation",
    "scale",
    "shear",
    "translation",
    "elastic",
    "stroke",
    "blur",
    "contrast",
    "noise",
)
STILL = dict.fromkeys(PARTS, 0.0)


def crosses(count: int = 16, side: int = 28) -> Tensor:
    images = torch.zeros(count, 1, side, side)
    images[:, :, side // 2 - 1 : side // 2 + 1, side // 4 : -side // 4] = 1
    images[:, :, side // 4 : -side // 4, side // 2 - 1 : side // 2 + 1] = 1
    return images


def augment(images: Tensor, bounds: Augmentation, seed: int = 0) -> Tensor:
    return Augmenter(bounds, Generator().manual_seed(seed))(images)


def edges(images: Tensor) -> float:
    """Mean square of the step from one pixel to the next."""
    return float(images.diff(dim=-1).square().mean())


def test_no_strength_changes_nothing() -> None:
    assert torch.equal(augment(crosses(), Augmentation(strength=0)), crosses())


def test_all_bounds_at_zero_change_nothing() -> None:
    changed = augment(crosses(), Augmentation(**STILL))
    assert torch.allclose(changed, crosses(), atol=1e-5)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_changes_each_image_in_its_own_way(part: str) -> None:
    changed = augment(crosses(), Augmentation(**{**STILL, part: 0.5 if part != "rotation" else 20}))
    assert len(torch.unique(changed.flatten(1), dim=0)) == len(changed)


@pytest.mark.parametrize("side", [8, 28, 33])
@pytest.mark.parametrize("strength", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("interpolation", get_args(Interpolation))
def test_images_keep_shape_and_range(
    side: int, strength: float, interpolation: Interpolation
) -> None:
    bounds = Augmentation(strength=strength, interpolation=interpolation)
    changed = augment(crosses(side=side), bounds)
    assert changed.shape == (16, 1, side, side)
    assert changed.isfinite().all()
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_images_need_not_be_square_or_grey() -> None:
    assert augment(torch.rand(4, 3, 20, 28), Augmentation()).shape == (4, 3, 20, 28)


def test_same_seed_gives_the_same_images() -> None:
    first, again, other = (augment(crosses(), Augmentation(), seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    augment(crosses(), Augmentation())
    assert torch.equal(before, torch.get_rng_state())


def test_blank_ground_stays_blank_without_noise() -> None:
    assert augment(torch.zeros(8, 1, 28, 28), Augmentation(noise=0)).max() == 0


def test_strokes_become_thicker_and_thinner() -> None:
    ink = augment(crosses(64), Augmentation(**{**STILL, "stroke": 1.0})).sum(dim=(1, 2, 3))
    before = crosses(1).sum()
    assert ink.min() < 0.6 * before
    assert ink.max() > 1.4 * before


def test_translation_stays_within_its_bound() -> None:
    changed = augment(crosses(64), Augmentation(**{**STILL, "translation": 0.1}))
    columns = torch.arange(28.0)
    centre = (changed.sum(dim=(1, 2)) * columns).sum(dim=1) / changed.sum(dim=(1, 2, 3))
    shift = (centre - 13.5).abs()
    assert 1.5 < shift.max() <= 2.8 + 1e-3


def test_bicubic_keeps_finer_detail_than_bilinear() -> None:
    fine = F.avg_pool2d(crosses(64), 3, stride=1, padding=1)
    moved = {**STILL, "translation": 0.1}
    detail = {
        kind: edges(augment(fine, Augmentation(**moved, interpolation=kind)))
        for kind in get_args(Interpolation)
    }
    assert detail["bilinear"] < detail["bicubic"]
    assert detail["bicubic"] == pytest.approx(edges(fine), rel=0.05)


def test_maximum_is_that_of_max_pooling() -> None:
    images = torch.randn(3, 2, 9, 7)
    assert torch.equal(maximum3x3(images), F.max_pool2d(images, 3, stride=1, padding=1))

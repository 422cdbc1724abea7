import numpy as np
import pytest
import torch
from torch import Tensor, nn

from training.assessment import assess, fit_rejection
from training.data import Images, Split
from training.normalization import Normalization

AS_IT_IS = Normalization((0.0,), (1.0,))


class Brightest(nn.Module):
    """Names the brighter of two pixels, far surer than it is right."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) * 20


def split_of(pixels: list[list[int]], labels: list[int]) -> Split:
    images = Images(torch.tensor(pixels, dtype=torch.uint8).view(-1, 1, 1, 2), torch.tensor(labels))
    return Split(images, images, images)


WRONG_ONCE = split_of([[255, 0], [0, 255], [255, 0], [0, 255]], [0, 1, 0, 0])


def test_metrics_describe_every_part() -> None:
    found = assess(Brightest(), AS_IT_IS, WRONG_ONCE, ("dark", "light"), ())
    for part in (found.metrics.train, found.metrics.validation, found.metrics.test):
        assert part.accuracy == 0.75
        assert part.confusion_matrix == ((2, 1), (0, 1))


def test_temperature_makes_an_overconfident_network_modest() -> None:
    found = assess(Brightest(), AS_IT_IS, WRONG_ONCE, ("dark", "light"), ())
    confidence = 1 / (1 + np.exp(-20 / found.temperature))
    assert confidence == pytest.approx(0.75, abs=0.01)
    assert found.metrics.validation.calibration_error < 0.01


def test_logits_are_kept_before_the_temperature() -> None:
    found = assess(Brightest(), AS_IT_IS, WRONG_ONCE, ("dark", "light"), ())
    assert found.test_logits[0].tolist() == [20, 0]


def test_wrong_examples_are_those_of_the_test_part() -> None:
    found = assess(Brightest(), AS_IT_IS, WRONG_ONCE, ("dark", "light"), ())
    (wrong,) = found.examples.wrong
    assert (wrong.index, wrong.true, wrong.predicted) == (3, "dark", "light")


def test_nearly_all_validation_pictures_are_accepted() -> None:
    sure = np.linspace(0.5, 1, 1000, dtype=np.float32)
    rejection = fit_rejection(np.stack([sure, 1 - sure], axis=1))
    assert 0.995 <= rejection.accepted < 0.998
    assert (sure >= rejection.threshold).mean() == rejection.accepted


def test_threshold_accepts_equally_sure_pictures() -> None:
    rejection = fit_rejection(np.full((10, 3), 1 / 3, np.float32))
    assert rejection.accepted == 1

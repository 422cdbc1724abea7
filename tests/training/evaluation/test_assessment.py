from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.identities import DATA
from training.data import Images, Outliers, Split
from training.data.normalization import Normalization
from training.evaluation.assessment import Assessment, assess

AS_IT_IS = Normalization((0.0,), (1.0,))


class Brightest(nn.Module):
    """Names the brighter of two pixels, far surer than it is right."""

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) * 20


def split_of(pixels: list[list[int]], labels: list[int]) -> Split:
    images = Images(torch.tensor(pixels, dtype=torch.uint8).view(-1, 1, 1, 2), torch.tensor(labels))
    return Split(DATA, images, images, images)


WRONG_ONCE = split_of([[255, 0], [0, 255], [255, 0], [0, 255]], [0, 1, 0, 0])
MIXED = split_of([[255, 9], [40, 255], [200, 0], [0, 220], [255, 200]], [0, 1, 0, 1, 0])


def assessed(split: Split = WRONG_ONCE, network: nn.Module | None = None) -> Assessment:
    return assess(network or Brightest(), AS_IT_IS, split, ("dark", "light"), ())


def test_metrics_describe_every_part() -> None:
    found = assessed()
    for part in (found.metrics.train, found.metrics.validation, found.metrics.test):
        assert part.accuracy == 0.75
        assert part.confusion_matrix == ((2, 1), (0, 1))


def test_temperature_makes_an_overconfident_network_modest() -> None:
    found = assessed()
    confidence = 1 / (1 + np.exp(-20 / found.temperature))
    assert confidence == pytest.approx(0.75, abs=0.01)
    assert found.metrics.validation.calibration_error < 0.01


def test_logits_are_kept_before_the_temperature() -> None:
    found = assessed()
    assert found.test_logits[0].tolist() == [20, 0]


def test_wrong_examples_are_those_of_the_test_part() -> None:
    found = assessed()
    (wrong,) = found.examples.wrong
    assert (wrong.index, wrong.true, wrong.predicted) == (3, "dark", "light")


def test_outliers_of_each_kind_are_judged_by_the_score_that_is_published() -> None:
    grey = torch.full((3, 1, 1, 2), 20, dtype=torch.uint8)
    outliers = {"grey": grey, "white": torch.full((2, 1, 1, 2), 255, dtype=torch.uint8)}
    split = replace(WRONG_ONCE, outliers=Outliers(judged=outliers))
    found = assessed(split)
    separation = found.rejection.separation
    assert separation is not None
    assert separation.auroc_by_kind == {"grey": 1, "white": 0.5}
    assert separation.auroc == pytest.approx(4 / 5)
    assert separation.pictures == 2


def test_calibration_is_told_before_and_after_the_temperature() -> None:
    calibration = assessed().metrics.calibration
    assert calibration is not None
    assert calibration.before.calibration_error == pytest.approx(0.25, abs=0.01)
    assert calibration.after.calibration_error < 0.01


def test_disputed_image_is_marked_and_counts_all_the_same() -> None:
    split = replace(WRONG_ONCE, disputed=frozenset({3}))
    found = assessed(split)
    (wrong,) = found.examples.wrong
    assert wrong.disputed
    assert not any(example.disputed for example in found.examples.correct)
    assert found.metrics.test.accuracy == 0.75


class Probabilities(Brightest):
    """Applies the softmax that the loss and the service apply as well."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).softmax(dim=1)


class OneSided(Brightest):
    """Never names what is light."""

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) * torch.tensor([1.0, 0.0])


@pytest.mark.parametrize(
    ("network", "names"),
    [
        (Brightest(), []),
        (Probabilities(), ["double-softmax"]),
        (OneSided(), ["dead-output", "chance-level"]),
    ],
    ids=["sound", "softmax", "dead"],
)
def test_flaws_are_found_by_name(network: nn.Module, names: list[str]) -> None:
    assert [finding.name for finding in assessed(MIXED, network).findings] == names

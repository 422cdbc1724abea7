import numpy as np
import pytest

from training.decide.collection.splits import FEW, split
from training.errors import DatasetError

LABELS = ("a", "b")


def test_few_pictures_are_all_asked_about_once_and_never_beside_a_copy() -> None:
    targets = np.arange(60) % 2
    groups = np.arange(60) // 2 * 2 % 50 + targets
    folds = split(targets, groups, np.zeros(60, bool), LABELS, seed=0)
    assert len(folds) == 5
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(60))
    for fold in folds:
        assert not set(groups[fold.train]) & set(groups[fold.test])


def test_of_many_pictures_a_fifth_is_set_aside() -> None:
    targets = np.arange(FEW) % 2
    (fold,) = split(targets, np.arange(FEW), np.zeros(FEW, bool), LABELS, seed=0)
    assert len(fold.test) == FEW // 5
    assert np.bincount(targets[fold.test]).tolist() == [FEW // 10, FEW // 10]


def test_own_test_part_is_the_test_and_its_copies_are_not_learnt() -> None:
    targets, groups, tests = np.arange(20) % 2, np.arange(20), np.arange(20) >= 14
    groups[3] = groups[19]
    (fold,) = split(targets, groups, tests, LABELS, seed=0)
    assert fold.test.tolist() == list(range(14, 20))
    assert fold.train.tolist() == [place for place in range(14) if place != 3]


@pytest.mark.parametrize(
    ("targets", "message"),
    [([0] * 9 + [1] * 2, "found b 2"), ([0] * 9, "found b 0")],
    ids=["too-few", "one-class"],
)
def test_class_with_too_few_pictures_is_refused_by_name(targets: list[int], message: str) -> None:
    count = len(targets)
    with pytest.raises(DatasetError, match=message):
        split(np.array(targets), np.arange(count), np.zeros(count, bool), LABELS, seed=0)

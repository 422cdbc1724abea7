"""What fits into the minutes, and that nothing takes longer than it was given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.decide.drawn import CLASSES, write_folder
from training.decide.arms.base import Task
from training.decide.collection.check import Collection, check
from training.decide.collection.splits import Fold, split
from training.decide.collection.store import Store, write
from training.decide.plan import Budget, plan, remembered
from training.decide.roster import roster

ARMS = ("linear-pixels", "linear-hog-colour", "mobilenet", "conv")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return check(write_folder(tmp_path_factory.mktemp("plan") / "shapes", 20), threads=1)


@pytest.fixture(scope="module")
def task(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Task:
    store = Store(tmp_path_factory.mktemp("store") / "seen", len(collection), collection.mode)
    write([source.path for source in collection.sources], store, [32, 48, 64], threads=1)
    return Task(store, collection.targets, len(CLASSES), mirror=False, seed=0, threads=1)


@pytest.fixture(scope="module")
def folds(collection: Collection) -> list[Fold]:
    count = len(collection)
    return split(collection.targets, np.arange(count), np.zeros(count, bool), CLASSES, seed=0)


def test_hour_gives_every_arm_its_most_epochs(
    collection: Collection, task: Task, folds: list[Fold]
) -> None:
    planned = plan(*roster(collection, ARMS), task, folds, Budget(3600))
    assert [one.arm.epochs for one in planned.kept] == [60, 60]
    assert (planned.dropped, planned.omitted) == ((), {})
    told = [*planned.lines(folds, 3600)]
    assert [line.partition(":")[0] for line in told[:4]] == [*ARMS]
    assert told[-1].endswith("of the 3600 s that are left")


def test_later_arms_are_dropped_first_and_it_is_said_what_they_would_take(
    collection: Collection, task: Task, folds: list[Fold]
) -> None:
    linear, trained = roster(collection, ARMS)
    whole = plan(linear, trained, task, folds, Budget(3600))
    files_of_three = whole.files * 3 / 4
    least = whole.kept[0].least.seconds(5 * len(collection))
    planned = whole.shared(folds, 1.01 * least + files_of_three)
    assert [one.arm.name for one in planned.kept] == ["mobilenet"]
    assert all(one.note.startswith("dropped, 20 epochs at 48 px take") for one in planned.dropped)


def test_no_time_leaves_the_simplest_arm_alone(
    collection: Collection, task: Task, folds: list[Fold], tmp_path: Path
) -> None:
    linear, trained = roster(collection, ARMS)
    planned = plan(linear, trained, task, folds, Budget(0))
    assert ([*planned.linear], [*planned.omitted]) == (["linear-pixels"], ["linear-hog-colour"])
    assert planned.kept == ()
    assert "linear-hog-colour: left out, there is no time for its" in "\n".join(
        planned.lines(folds, 0)
    )
    planned.save(tmp_path / "plan.json")
    assert remembered(tmp_path / "plan.json", linear, trained) == planned
    assert remembered(tmp_path / "plan.json", linear, trained[:1]) is None
    assert remembered(tmp_path / "plan.json", linear[:1], trained) is None


def test_later_arms_keep_what_they_need_and_the_first_has_twice_its_share(
    collection: Collection, task: Task, folds: list[Fold]
) -> None:
    whole = plan(*roster(collection, ARMS), task, folds, Budget(3600))
    mobilenet, conv = (
        replace(one, smallest=cost) for one, cost in zip(whole.kept, (0.001, 0.002), strict=True)
    )
    needed = mobilenet.seconds(300) + conv.least.seconds(300) + 0.1
    shared = replace(whole, trained=(mobilenet, conv)).shared(folds, needed, made=2, export=0)
    assert [one.arm.epochs for one in shared.kept] == [60, 20]
    tight = shared.shared(folds, conv.least.seconds(300), made=2, export=0)
    assert ([one.arm.name for one in tight.kept], len(tight.dropped)) == (["mobilenet"], 1)


def test_files_that_take_longer_leave_less_to_trained_arms(
    collection: Collection, task: Task, folds: list[Fold]
) -> None:
    whole = plan(*roster(collection, ARMS), task, folds, Budget(3600))
    slow = whole.shared(folds, 600, made=2, export=700)
    assert ([*slow.kept], slow.exports, slow.files) == ([], 0, 0)
    quick = slow.timed_again(task).shared(folds, 600, made=2, export=5)
    assert len(quick.kept) == quick.exports == 2
    assert quick.reserve(folds) > quick.files == pytest.approx(11.5)


def test_training_that_takes_too_long_ends_whole_after_fewer_epochs(
    collection: Collection, task: Task, folds: list[Fold]
) -> None:
    _, (mobilenet, _) = roster(collection, ARMS)
    arm = mobilenet.planned(48, 30)
    assert arm.learn(task, folds[0].train, seconds=0).epochs == 2
    assert arm.planned(48, 3).learn(task, folds[0].train).epochs == 3

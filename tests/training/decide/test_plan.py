"""What fits into the minutes, and that nothing takes longer than it was given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.decide.drawn import write_folder
from training.decide.arms.base import Task
from training.decide.collection.check import Collection, check
from training.decide.config import DecideConfig
from training.decide.plan import Budget, Plan, plan, remembered
from training.decide.roster import Roster, roster
from training.decide.run import prepare
from training.networks import efficientnet

ARMS = ("linear-pixels", "linear-hog-colour", "mobilenet", "conv")


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return check(write_folder(tmp_path_factory.mktemp("plan") / "shapes", 20), threads=1)


@pytest.fixture(scope="module")
def arms(collection: Collection) -> Roster:
    return roster(collection, ARMS, 60)


@pytest.fixture(scope="module")
def task(collection: Collection, arms: Roster, tmp_path_factory: pytest.TempPathFactory) -> Task:
    place = tmp_path_factory.mktemp("runs")
    config = DecideConfig(runs_dir=place, models_dir=place, threads=1)
    return prepare(collection, config, "shapes", arms, say=print)[0].task


@pytest.fixture(scope="module")
def whole(arms: Roster, task: Task) -> Plan:
    return plan(arms, task, Budget(3600))


def test_arms_whose_weights_are_not_here_are_named_as_they_would_compete(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(efficientnet, "PACKAGE", "not_installed")
    absent = roster(collection, (), 60).absent
    assert [*absent] == ["mobilenet-v3-small-pretrained", "efficientnet-lite0-96"]


def test_hour_gives_every_arm_its_most_epochs(whole: Plan, task: Task) -> None:
    assert [one.arm.epochs for one in whole.kept] == [60, 60]
    assert (whole.dropped, whole.omitted) == ((), {})
    told = [*whole.lines(task, 3600)]
    assert [line.partition(":")[0] for line in told[:4]] == [*ARMS]
    assert told[-1].endswith("of the 3600 s that are left")


def test_later_arms_are_dropped_first_and_it_is_said_what_they_would_take(
    whole: Plan, task: Task
) -> None:
    files_of_three = whole.files * 3 / 4
    least = whole.kept[0].least.seconds(5 * len(task.learnt))
    planned = whole.shared(task, 1.01 * least + files_of_three)
    assert [one.arm.name for one in planned.kept] == ["mobilenet"]
    assert all(one.note.startswith("dropped, 20 epochs at 48 px take") for one in planned.dropped)


def test_no_time_leaves_the_simplest_arm_alone(arms: Roster, task: Task, tmp_path: Path) -> None:
    planned = plan(arms, task, Budget(0))
    assert ([*planned.linear], [*planned.omitted]) == (["linear-pixels"], ["linear-hog-colour"])
    assert planned.kept == ()
    told = "\n".join(planned.lines(task, 0))
    assert "linear-hog-colour: left out, there is no time for its" in told
    planned.save(tmp_path / "plan.json")
    assert remembered(tmp_path / "plan.json", arms) == planned
    for fewer in (replace(arms, trained=arms.trained[:1]), replace(arms, linear=arms.linear[:1])):
        assert remembered(tmp_path / "plan.json", fewer) is None


def test_later_arms_keep_what_they_need_and_the_first_has_twice_its_share(
    whole: Plan, task: Task
) -> None:
    mobilenet, conv = (
        replace(one, smallest=cost) for one, cost in zip(whole.kept, (0.001, 0.002), strict=True)
    )
    needed = mobilenet.seconds(300) + conv.least.seconds(300) + 0.1
    shared = replace(whole, trained=(mobilenet, conv)).shared(task, needed, made=2, export=0)
    assert [one.arm.epochs for one in shared.kept] == [60, 20]
    tight = shared.shared(task, conv.least.seconds(300), made=2, export=0)
    assert ([one.arm.name for one in tight.kept], len(tight.dropped)) == (["mobilenet"], 1)


def test_arm_that_is_too_dear_leaves_its_time_to_those_after_it(whole: Plan, task: Task) -> None:
    mobilenet, conv = (
        replace(one, smallest=cost) for one, cost in zip(whole.kept, (0.009, 0.001), strict=True)
    )
    left = 1.01 * conv.least.seconds(300)
    shared = replace(whole, trained=(mobilenet, conv)).shared(task, left, made=2, export=0)
    assert [(one.arm.name, one.arm.epochs) for one in shared.kept] == [("conv", 20)]
    assert [one.arm.name for one in shared.trained] == ["mobilenet", "conv"]


def test_files_that_take_longer_leave_less_to_trained_arms(whole: Plan, task: Task) -> None:
    slow = whole.shared(task, 600, made=2, export=700)
    assert ([*slow.kept], slow.exports, slow.files) == ([], 0, 0)
    quick = slow.again(task, 600, export=5)
    assert len(quick.kept) == quick.exports == 2
    assert quick.reserve(task) > quick.files == pytest.approx(11.5)


def test_every_draw_of_a_training_follows_the_seed(collection: Collection, task: Task) -> None:
    [library] = roster(collection, ("linear-pixels", "mobilenet-v3-small"), 1).trained
    arm, fold = library.planned(64, 1), task.folds[0]
    first, again = (arm.learn(task, fold.train).logits(fold.test) for _ in range(2))
    assert np.array_equal(first, again)


def test_training_that_takes_too_long_ends_whole_after_fewer_epochs(
    arms: Roster, task: Task
) -> None:
    arm, train = arms.trained[0].planned(48, 30), task.folds[0].train
    assert arm.learn(task, train, seconds=0).epochs == 2
    assert arm.planned(48, 3).learn(task, train).epochs == 3

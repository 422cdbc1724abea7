"""`decide`, end to end: prepare, plan, race, stage, decide, publish."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from artifact.repository import Artifact
from artifact.statistics.constraints import Constraints
from artifact.statistics.decision import Decision, decide
from artifact.statistics.paired import mcnemar_exact
from artifact.study import LEVEL
from training.data.identity import DataIdentity, short
from training.decide.arms.base import Task
from training.decide.arms.linear import LinearArm
from training.decide.collection import copies
from training.decide.collection.check import Collection, check, contradictions, copy_lines
from training.decide.collection.splits import Fold, split
from training.decide.collection.store import Store, write
from training.decide.config import DecideConfig
from training.decide.exports import Exports
from training.decide.outcome.staging import Staged, Subject
from training.decide.plan import Budget, Plan, plan, remembered
from training.decide.race import Race, Say
from training.decide.results import Answers
from training.decide.roster import Roster, roster
from training.environment import reuse_memory
from training.errors import DatasetError
from training.export.publication import check_target

_FEWEST_STAGED: Final = 2  # a pick and its rival
_ASKED: Final = 500  # pictures, whether mirroring does harm


@dataclass(frozen=True)
class Outcome:
    """All that came out."""

    subject: Subject  # what was learnt
    notes: Sequence[str]  # what was noticed, and planned
    answers: Sequence[Answers]  # of every arm, the majority's first
    staged: dict[str, Staged]  # models that could be served, by arm
    decision: Decision  # which of them to ship
    published: tuple[Artifact, ...]  # models that were published
    seconds: float  # that all of it took


def run(folder: Path, config: DecideConfig, constraints: Constraints, say: Say) -> Outcome:
    """Find out which model of these pictures to ship, and publish it with its rivals.

    Raises:
        DatasetError: The folder holds no pictures to learn from, or a constraint names a class
            that it has not.
        OutputError: A model of the name that would be published learnt from other pictures.
    """
    torch.set_num_threads(config.threads)
    reuse_memory()
    budget = Budget(60 * config.minutes)
    collection = check(folder, config.threads)
    _refuse_unknown(constraints, collection.labels)
    say(f"{config.named(folder)}: {collection.summary}")
    arms = roster(collection, config.arms, config.epochs)
    subject, noticed = prepare(collection, config, config.named(folder), arms, say)
    told = f"plan-{config.minutes:g}-{config.epochs}-{config.seed}.json"
    file = subject.task.store.folder / told
    planned = remembered(file, arms) or plan(arms, subject.task, budget)
    absent = [f"{name}: {why}" for name, why in arms.absent.items()]
    say("plan: " + "\n      ".join((*absent, *planned.lines(subject.task, budget.left))))
    linear = [arm for arm in arms.linear if arm.name in planned.linear]
    subject = replace(subject, task=_with_mirror(subject.task, linear[-1], say))
    race = Race(subject.task, budget, say)
    with ExitStack() as stack:
        exports = Exports(subject, race, config.models_dir, stack)
        answers, planned = _compete(exports, linear, planned, arms.absent, file)
        decision = decide(exports.options, constraints)
        published = exports.publish() if decision.verdict == "ship" else ()
    notes = (*noticed, *absent, *planned.arm_lines(subject.task), *budget.overrun)
    return Outcome(subject, notes, answers, exports.staged, decision, published, budget.spent)


def prepare(
    collection: Collection, config: DecideConfig, name: str, arms: Roster, say: Say
) -> tuple[Subject, Sequence[str]]:
    """Read every picture at every size once, find near-copies and divide what is left.

    Returns:
        What is to be learnt, and what was noticed.
    """
    for arm in arms.present:
        target = f"{name}-{arm.name}"
        check_target(config.models_dir, target, _identity(collection, name, config.seed), "--name")
    folder = config.runs_dir / f"decide-{name}-{short(collection.sha256)}"
    store = Store.inside(folder, len(collection), collection.mode)
    sides = {copies.SIDE, *(arm.side for arm in arms.linear)}
    sides.update(side for arm in arms.trained for side in arm.sides)
    paths = [source.path for source in collection.sources]
    write(paths, store, sorted(sides), config.threads)
    groups = copies.near_copies(store)
    notes = (*collection.notes, *copy_lines(collection, groups))
    for note in notes:
        say(f"  {note}")
    folds = _folds(collection, groups, config.seed)
    task = Task(store, collection.targets, collection.labels, folds, config.seed, config.threads)
    told = config.model_dump(mode="json", exclude={"models_dir", "runs_dir"})
    return Subject(name, collection, task, {"command": "decide", **told}, folder), notes


def _identity(collection: Collection, name: str, seed: int) -> DataIdentity:
    return DataIdentity(
        dataset=name,
        labels=collection.labels,
        pictures=len(collection),
        sha256=collection.sha256,
        test_sha256=None,
        train_ratio=1,
        seed=seed,
        preprocessing={},
    )


def _folds(collection: Collection, groups: NDArray[np.int64], seed: int) -> list[Fold]:
    """Folds of the pictures that no near-copy contradicts."""
    kept = np.flatnonzero(~contradictions(collection.targets, groups))
    tests = np.isin(kept, collection.of("test"))
    folds = split(collection.targets[kept], groups[kept], tests, collection.labels, seed)
    return [Fold(kept[fold.train], kept[fold.test]) for fold in folds]


def _refuse_unknown(constraints: Constraints, labels: tuple[str, ...]) -> None:
    if unknown := set(constraints.min_recall) - set(labels):
        raise DatasetError(
            f"--min-recall {', '.join(sorted(unknown))}: no such class; the classes are "
            f"{', '.join(labels)}"
        )


def _with_mirror(task: Task, arm: LinearArm, say: Say) -> Task:
    """Whether a mirrored picture still shows its class: asked of the best features."""
    fold = task.folds[0]
    learned, asked = arm.learn(task, fold.train), fold.test[:: max(1, len(fold.test) // _ASKED)]
    turned = learned.of_features(arm.of_some(task, asked, mirrored=True))
    plain, mirrored = (
        logits.argmax(axis=1) == task.targets[asked] for logits in (learned.logits(asked), turned)
    )
    lost, won = int((plain & ~mirrored).sum()), int((mirrored & ~plain).sum())
    harm = lost > won and mcnemar_exact(lost, won) < LEVEL
    words = "harm" if harm else "no harm: pictures are mirrored in training"
    right = f"{plain.mean():.1%} are named as they are, {mirrored.mean():.1%} mirrored"
    say(f"  mirroring does {words} ({right})")
    return replace(task, mirror=not harm)


def _compete(
    exports: Exports, linear: Sequence[LinearArm], planned: Plan, absent: dict[str, str], file: Path
) -> tuple[list[Answers], Plan]:
    """Let every arm answer that there is time for; the models of those that finish are staged.

    Returns:
        What all arms answered, and the plan that they kept to.
    """
    race, task = exports.race, exports.race.task
    answers = [race.majority(), *map(race.linear, linear)]
    answers += _unanswered(task, {**planned.omitted, **absent})
    for one in _finished(answers)[:_FEWEST_STAGED]:
        exports.add(one)
    if not planned.final:
        planned = _planned_again(planned, exports)
        planned.save(file)
    answers += race.trained(planned.kept, answers, planned.reserve(task))
    answers += _unanswered(task, {one.arm.name: one.note for one in planned.dropped})
    learning = {one.arm.name: one.seconds(len(task.learnt)) for one in planned.kept}
    for one in _finished(answers):
        exports.add(one, learning.get(one.name, 0.0))
    return answers, planned


def _unanswered(task: Task, reasons: dict[str, str]) -> list[Answers]:
    return [Answers(name, task, note=why) for name, why in reasons.items()]


def _finished(answers: Sequence[Answers]) -> list[Answers]:
    """Those of arms that answered every fold, the most accurate first."""
    finished = [one for one in answers if one.arm and one.finished]
    return sorted(finished, key=lambda one: -one.accuracy)


def _planned_again(planned: Plan, exports: Exports) -> Plan:
    race, expected = exports.race, exports.expected
    again = planned.again(race.task, race.budget.left, expected)
    if again.trained:
        lines = "\n      ".join(again.trained_lines(race.task))
        race.say(f"one model's files take {expected:.0f} s; so\n      {lines}")
    return again

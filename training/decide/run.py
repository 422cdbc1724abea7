"""`decide`, end to end: prepare, plan, race, stage, decide, publish."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from artifact.publish import publish
from artifact.repository import Artifact
from artifact.statistics.constraints import Constraints
from artifact.statistics.decision import Decision, decide
from artifact.statistics.paired import mcnemar_exact
from artifact.study import LEVEL
from training.data.identity import DataIdentity, short
from training.decide.arms.base import Arm, Task
from training.decide.arms.linear import LinearArm
from training.decide.arms.trained import TrainedArm
from training.decide.collection import copies
from training.decide.collection.check import Collection, check, contradictions, copy_lines
from training.decide.collection.splits import Fold, split, tested
from training.decide.collection.store import Store, write
from training.decide.config import DecideConfig
from training.decide.exports import Exports
from training.decide.outcome.staging import Staged, Subject
from training.decide.plan import Budget, Plan, left_out, plan, remembered
from training.decide.race import Race, Say, run_trained
from training.decide.results import Answers, ResultCache
from training.decide.roster import absent, roster
from training.environment import reuse_memory
from training.errors import DatasetError
from training.export.publication import check_target

_FEWEST_STAGED: Final = 2  # a pick and its rival
_ASKED: Final = 500  # pictures, whether mirroring does harm


@dataclass(frozen=True)
class Prepared:
    """A collection that is ready to be learnt."""

    collection: Collection  # its pictures
    folder: Path  # where everything that is known of it lies
    task: Task
    folds: Sequence[Fold]  # from which pictures, and which are asked about
    linear: Sequence[LinearArm]  # arms that need no training
    trained: Sequence[TrainedArm]
    notes: tuple[str, ...]  # what was noticed


@dataclass(frozen=True)
class Outcome:
    """All that came out."""

    name: str  # of the data set
    prepared: Prepared  # what was learnt
    notes: tuple[str, ...]  # what was noticed, and planned
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
    prepared = prepare(collection, config.named(folder), config, say)
    known = _known_plan(prepared, config)
    planned = known or plan(
        prepared.linear, _at_most(prepared, config), prepared.task, prepared.folds, budget
    )
    missing = absent(config.arms)
    lines = [*(f"{name}: {why}" for name, why in missing.items())]
    lines += planned.lines(prepared.folds, budget.left)
    say("plan: " + "\n      ".join(lines))
    linear = [arm for arm in prepared.linear if arm.name in planned.linear]
    prepared = replace(prepared, task=_with_mirror(prepared.task, linear[-1], prepared.folds, say))
    cache = ResultCache(prepared.task.store.folder / "results")
    race = Race(prepared.task, prepared.folds, cache, budget, say)
    answers = [_majority(race), *map(race.run, linear)]
    answers += [Answers(name, note=left_out(cost)) for name, cost in planned.omitted.items()]
    answers += [Answers(name, note=why) for name, why in missing.items()]
    subject = _subject(prepared, config, folder)
    with ExitStack() as stack:
        exports = Exports(subject, race, config.models_dir, stack)
        for arm, answer in _finished(prepared, planned, answers)[:_FEWEST_STAGED]:
            exports.add(arm, answer)
        if known is None:
            planned = _planned_again(planned, exports)
            planned.save(_plan_file(prepared, config))
        answers += run_trained(race, planned.kept, answers, planned.reserve(prepared.folds))
        answers += [Answers(one.arm.name, note=one.note) for one in planned.dropped]
        learning = {one.arm.name: one.seconds(len(subject.learnt)) for one in planned.kept}
        for arm, answer in _finished(prepared, planned, answers):
            exports.add(arm, answer, learning.get(arm.name, 0.0))
        options = [option for one in exports.staged.values() for option in one.options]
        decision = decide(options, constraints)
        published = _publish(subject, exports.staged, decision, config.models_dir)
    return Outcome(
        subject.name,
        prepared,
        (*prepared.notes, *lines, *budget.overrun),
        answers,
        exports.staged,
        decision,
        published,
        budget.spent,
    )


def prepare(collection: Collection, name: str, config: DecideConfig, say: Say) -> Prepared:
    """Read every picture at every size once, find near-copies and divide what is left."""
    kept = config.runs_dir / f"decide-{name}-{short(collection.sha256)}"
    store = Store.inside(kept, len(collection), collection.mode)
    linear, trained = roster(collection, config.arms)
    identity = _identity(collection, name, config.seed)
    for arm in [*(arm.name for arm in linear), *(arm.name for arm in trained)]:
        check_target(config.models_dir, f"{name}-{arm}", identity, "--name")
    sides = {copies.SIDE, *(arm.side for arm in linear)}
    sides.update(side for arm in trained for side in arm.sides)
    paths = [source.path for source in collection.sources]
    write(paths, store, sorted(sides), config.threads)
    groups = copies.near_copies(store)
    notes = (*collection.notes, *copy_lines(collection, groups))
    for note in notes:
        say(f"  {note}")
    folds = _folds(collection, groups, config.seed)
    classes = len(collection.labels)
    task = Task(store, collection.targets, classes, False, config.seed, config.threads)
    return Prepared(collection, kept, task, folds, linear, trained, notes)


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


def _known_plan(prepared: Prepared, config: DecideConfig) -> Plan | None:
    """The plan of the same command before, where there was one: its results can be used again."""
    return remembered(_plan_file(prepared, config), prepared.linear, _at_most(prepared, config))


def _plan_file(prepared: Prepared, config: DecideConfig) -> Path:
    told = f"planned-{config.minutes:g}-{config.epochs}-{config.seed}.json"
    return prepared.task.store.folder / told


def _at_most(prepared: Prepared, config: DecideConfig) -> list[TrainedArm]:
    return [arm.at_most(config.epochs) for arm in prepared.trained]


def _planned_again(planned: Plan, exports: Exports) -> Plan:
    """The plan, now that it is known how long a model's files take here.

    Those of the weaker linear models are made where time is left, and take none of the training's.
    """
    race, made = exports.race, len(planned.linear)
    again = planned.timed_again(race.task).shared(
        race.folds, race.budget.left, made, exports.expected
    )
    if again.trained:
        lines = "\n      ".join(again.trained_lines(race.folds))
        race.say(f"one model's files take {exports.expected:.0f} s; so\n      {lines}")
    return again


def _refuse_unknown(constraints: Constraints, labels: tuple[str, ...]) -> None:
    if unknown := set(constraints.min_recall) - set(labels):
        raise DatasetError(
            f"--min-recall {', '.join(sorted(unknown))}: no such class; the classes are "
            f"{', '.join(labels)}"
        )


def _folds(collection: Collection, groups: NDArray[np.int64], seed: int) -> list[Fold]:
    """Folds of the pictures that no near-copy contradicts."""
    kept = np.flatnonzero(~contradictions(collection.targets, groups))
    folds = split(
        collection.targets[kept], groups[kept], collection.tests[kept], collection.labels, seed
    )
    return [Fold(kept[fold.train], kept[fold.test]) for fold in folds]


def _with_mirror(task: Task, arm: LinearArm, folds: Sequence[Fold], say: Say) -> Task:
    """Whether a mirrored picture still shows its class: asked of the best features."""
    learned, test = arm.learn(task, folds[0].train), folds[0].test
    asked = test[:: max(1, len(test) // _ASKED)]
    plain, mirrored = (
        learned.of_features(features).argmax(axis=1) == task.targets[asked]
        for features in (arm.of_some(task, asked), arm.of_some(task, asked, mirrored=True))
    )
    lost, won = int((plain & ~mirrored).sum()), int((mirrored & ~plain).sum())
    harm = lost > won and mcnemar_exact(lost, won) < LEVEL
    words = "harm" if harm else "no harm: pictures are mirrored in training"
    right = f"{plain.mean():.1%} are named as they are, {mirrored.mean():.1%} mirrored"
    say(f"  mirroring does {words} ({right})")
    return replace(task, mirror=not harm)


def _majority(race: Race) -> Answers:
    """The least that any arm must beat: always naming the most frequent class asked about."""
    answers = Answers("majority")
    counts = np.bincount(race.task.targets[tested(race.folds)], minlength=race.task.classes)
    for place, fold in enumerate(race.folds):
        answers.logits[place] = np.tile(np.log1p(counts).astype(np.float32), (len(fold.test), 1))
        answers.seconds[place] = 0.0
    return answers


def _subject(prepared: Prepared, config: DecideConfig, folder: Path) -> Subject:
    tested = [int(place) for fold in prepared.folds for place in fold.test]
    told = config.model_dump(mode="json", exclude={"models_dir", "runs_dir"})
    return Subject(
        name=config.named(folder),
        labels=prepared.collection.labels,
        task=prepared.task,
        folds=prepared.folds,
        data_sha256=prepared.collection.sha256,
        test_sha256=prepared.collection.digest(tested),
        config={"command": "decide", **told},
    )


def _finished(
    prepared: Prepared, planned: Plan, answers: Sequence[Answers]
) -> list[tuple[Arm, Answers]]:
    """Arms that answered every fold, the most accurate first."""
    arms: dict[str, Arm] = {arm.name: arm for arm in prepared.linear}
    arms.update({one.arm.name: one.arm for one in planned.kept})
    finished = [
        (arms[one.name], one)
        for one in answers
        if one.name in arms and one.finished(prepared.folds)
    ]
    targets = prepared.task.targets
    return sorted(finished, key=lambda pair: -pair[1].right(prepared.folds, targets).mean())


def _publish(
    subject: Subject, staged: dict[str, Staged], decision: Decision, models_dir: Path
) -> tuple[Artifact, ...]:
    if decision.verdict != "ship":
        return ()
    published = tuple(publish(one.artifact.folder, models_dir) for one in staged.values())
    subject.publish_test_pictures(models_dir)
    return published

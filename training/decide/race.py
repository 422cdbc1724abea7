"""Every arm on the same folds; who is clearly behind after the first one waits until the end."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from time import perf_counter
from typing import Final

import numpy as np

from artifact.statistics.paired import mcnemar_exact
from training.decide.arms.base import RECIPE, Arm, Learned, Task
from training.decide.arms.linear import LinearArm
from training.decide.collection.splits import Fold, Indices
from training.decide.plan import Budget, Planned
from training.decide.results import Answers, ResultCache, key
from training.environment import give_back_memory

_BEHIND: Final = 0.01  # McNemar's p on one fold below which an arm is clearly behind

Say = Callable[[str], None]


@dataclass(frozen=True)
class Race:
    """What all arms have in common.

    Attributes:
        learned: What each arm learnt last, here and now.
    """

    task: Task
    folds: Sequence[Fold]  # from which pictures, and who is asked
    cache: ResultCache  # of results
    budget: Budget  # of the whole command
    say: Say  # tells of progress
    learned: dict[str, Learned] = field(default_factory=dict)

    def knows(self, arm: Arm) -> bool:
        """Whether the arm has learnt, here and now, what a published model learns from."""
        return len(self.folds) == 1 and arm.name in self.learned

    def published(self, arm: Arm, learnt: Indices, seconds: float) -> Learned:
        """The arm that has learnt all that a published model learns from."""
        return self.learned[arm.name] if self.knows(arm) else arm.learn(self.task, learnt, seconds)

    def run(self, arm: LinearArm) -> Answers:
        """Every fold of an arm that needs no training."""
        answers = Answers(arm.name)
        for place in range(len(self.folds)):
            self.one(arm, answers, place)
        accuracy = self.task_accuracy(answers)
        self.say(f"{arm.name}: {accuracy:.1%} ({sum(answers.seconds.values()):.0f} s)")
        return answers

    def task_accuracy(self, answers: Answers) -> float:
        """Share of the pictures named rightly so far."""
        return float(answers.right(self.folds, self.task.targets).mean())

    def one(self, arm: Arm, answers: Answers, place: int, seconds: float = inf) -> None:
        """Learn one fold in so many seconds and answer it, or take the result from the cache."""
        fold, task = self.folds[place], self.task
        name = key(
            arm.name,
            place,
            fold,
            arm=settings(arm),
            recipe=RECIPE,
            seed=task.seed,
            mirror=task.mirror,
        )
        stored = self.cache.load(name)
        if stored is None:
            began = perf_counter()
            learned = arm.learn(task, fold.train, seconds)
            stored = learned.logits(fold.test), perf_counter() - began
            self.learned[arm.name] = learned
            self.cache.save(name, *stored)
            give_back_memory()
        answers.logits[place], answers.seconds[place] = stored


def settings(arm: Arm) -> dict[str, object]:
    """Every value of an arm that decides its answers; what it is made by is code."""
    return {name: value for name, value in vars(arm).items() if not callable(value)}


def run_trained(
    race: Race, planned: Sequence[Planned], others: Sequence[Answers], reserve: float
) -> list[Answers]:
    """Run trained arms within the budget: one fold each, then the rest, those ahead first."""
    answers = [Answers(one.arm.name) for one in planned]
    for one, answer in zip(planned, answers, strict=True):
        _within_budget(race, one, answer, 0, reserve)
    behind = [_is_behind(race, answer, [*others, *answers]) for answer in answers]
    for place in sorted(range(len(planned)), key=lambda place: behind[place]):
        for fold in range(1, len(race.folds)):
            _within_budget(race, planned[place], answers[place], fold, reserve)
    return answers


def _within_budget(
    race: Race, planned: Planned, answers: Answers, place: int, reserve: float
) -> None:
    if answers.note or (place and not answers.logits):
        return
    seconds = planned.seconds(len(race.folds[place].train))
    if max(seconds, *answers.seconds.values(), 0.0) > race.budget.left - reserve:
        answers.note = f"stopped after {len(answers.logits)} of {len(race.folds)} folds: no time"
        return
    race.one(planned.arm, answers, place, seconds)
    accuracy = answers.accuracies(race.folds, race.task.targets)[-1]
    race.say(
        f"{planned.arm.name}: fold {place + 1} of {len(race.folds)}, {accuracy:.1%} "
        f"({answers.seconds[place]:.0f} s; {race.budget.left:.0f} s left)"
    )


def _is_behind(race: Race, answers: Answers, others: Sequence[Answers]) -> bool:
    """Whether another arm is clearly ahead on the first fold."""
    if 0 not in answers.logits:
        return True
    truth = race.task.targets[race.folds[0].test]
    own = answers.logits[0].argmax(axis=1) == truth
    return any(
        rival.mean() > own.mean()
        and mcnemar_exact(int((rival & ~own).sum()), int((own & ~rival).sum())) < _BEHIND
        for rival in _first_folds(others, truth)
    )


def _first_folds(
    others: Sequence[Answers], truth: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
    for other in others:
        if 0 in other.logits:
            yield other.logits[0].argmax(axis=1) == truth

"""Every arm on the same folds; who is clearly behind after the first one waits until the end.

Answers are kept in files, so that a stopped command goes on.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import perf_counter

import numpy as np

from artifact.files import replacing, sha256
from training.decide.arms.base import RECIPE, Task
from training.decide.arms.linear import LinearArm
from training.decide.plan import Budget, Planned
from training.decide.results import Answers
from training.decide.roster import Arm, Learned
from training.environment import give_back_memory

Say = Callable[[str], None]


@dataclass(frozen=True)
class Race:
    """What all arms have in common."""

    task: Task
    budget: Budget  # of the whole command
    say: Say  # tells of progress
    learned: dict[str, Learned] = field(default_factory=dict)  # last, here and now, by arm

    def majority(self) -> Answers:
        """The least that any arm must beat: always naming the most frequent class asked about."""
        task = self.task
        counts = np.bincount(task.targets[task.tested], minlength=task.classes)
        row = np.log1p(counts).astype(np.float32)
        logits = [np.tile(row, (len(fold.test), 1)) for fold in task.folds]
        return Answers("majority", task, logits=logits)

    def linear(self, arm: LinearArm) -> Answers:
        """Every fold of an arm that needs no training."""
        answers = Answers(arm.name, self.task, arm)
        while not answers.finished:
            self._next(arm, answers)
        self.say(f"{arm.name}: {answers.accuracy:.1%} ({sum(answers.seconds):.0f} s)")
        return answers

    def trained(
        self, planned: Sequence[Planned], others: Sequence[Answers], reserve: float
    ) -> list[Answers]:
        """Those that are trained, within the budget: a fold each, then the rest, the best first.

        Args:
            planned: The arms, with their seconds.
            others: Answers of the arms that they are measured against.
            reserve: Seconds that are to be left.
        """
        pairs = [(one, Answers(one.arm.name, self.task, one.arm)) for one in planned]
        for one, own in pairs:
            self._within_budget(one, own, reserve)
        answers = [own for _, own in pairs]
        for one, own in sorted(pairs, key=lambda pair: pair[1].is_behind([*others, *answers])):
            while not (own.finished or own.note):
                self._within_budget(one, own, reserve)
        return answers

    def _within_budget(self, planned: Planned, answers: Answers, reserve: float) -> None:
        place, folds = len(answers.logits), self.task.folds
        seconds = planned.seconds(len(folds[place].train))
        if max([seconds, *answers.seconds]) > self.budget.left - reserve:
            answers.note = f"stopped after {place} of {len(folds)} folds: no time"
            return
        self._next(planned.arm, answers, seconds)
        self.say(
            f"{planned.arm.name}: fold {place + 1} of {len(folds)}, "
            f"{answers.right[-1].mean():.1%} ({answers.seconds[-1]:.0f} s; "
            f"{self.budget.left:.0f} s left)"
        )

    def _next(self, arm: Arm, answers: Answers, seconds: float = inf) -> None:
        """Learn the next fold in so many seconds and answer it, unless that has been done."""
        kept, fold = self._file(arm, len(answers.logits)), self.task.folds[len(answers.logits)]
        if not kept.exists():
            began = perf_counter()
            learned = arm.learn(self.task, fold.train, seconds)
            logits = learned.logits(fold.test)
            with replacing(kept) as file:
                np.savez(file, logits=logits, seconds=perf_counter() - began)
            self.learned[arm.name] = learned
            give_back_memory()
        with np.load(kept) as stored:
            answers.logits.append(stored["logits"])
            answers.seconds.append(float(stored["seconds"]))

    def _file(self, arm: Arm, place: int) -> Path:
        """The file of a fold's answers, named by a digest of everything that decides them."""
        task, fold = self.task, self.task.folds[place]
        settings = {name: value for name, value in vars(arm).items() if not callable(value)}
        told = json.dumps([settings, RECIPE, task.seed, task.mirror]).encode()
        digest = sha256(told, fold.train.tobytes(), fold.test.tobytes())
        return task.store.folder / "results" / f"{arm.name}-fold{place}-{digest[:16]}.npz"

"""What fits into the minutes: every arm is timed on a few pictures, and trained ones get epochs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Final

from artifact import files
from training.decide.arms.base import Task
from training.decide.arms.linear import LinearArm
from training.decide.arms.trained import TrainedArm
from training.decide.collection.splits import Fold
from training.environment import give_back_memory

_GOOD: Final = 2 / 3  # of an arm's most epochs: more than that are rather spent on larger pictures
_PROMISE: Final = 2  # equal shares that an arm may have before those after it, which promise less
_FEWEST_EXPORTS: Final = 2  # a pick and its rival
EXPORT: Final = 10.0  # seconds, for one model's files, figures and latencies, before one is timed
_AROUND: Final = 6.0  # seconds: libraries before the first line, the report after the last
_SLACK: Final = 1.15  # of every estimate: other programs run too


@dataclass
class Budget:
    """The minutes of one command, from when it began."""

    seconds: float
    began: float = field(default_factory=monotonic)

    @property
    def spent(self) -> float:
        """Seconds since the beginning."""
        return monotonic() - self.began

    @property
    def left(self) -> float:
        """Seconds that remain for what is planned."""
        return self.seconds - _AROUND - self.spent

    @property
    def overrun(self) -> tuple[str, ...]:
        """What is to be said where the minutes did not suffice for what always runs."""
        if self.spent <= self.seconds:
            return ()
        return (
            f"took {self.spent:.0f} s, not the {self.seconds:.0f} of --minutes: reading the "
            "pictures, the first arm, one model's files and what has begun always end; this "
            "machine was slow or busy, or needs more minutes",
        )


@dataclass(frozen=True)
class Planned:
    """A trained arm in the plan."""

    arm: TrainedArm  # with its size and epochs
    smallest: float  # seconds of one picture in one epoch, at the arm's smallest size
    note: str = ""  # why it is dropped; empty where it is not

    @property
    def per_picture(self) -> float:
        """Seconds of one picture in one epoch, at its size."""
        return self.smallest * (self.arm.side / self.arm.sides[0]) ** 2

    @property
    def least(self) -> "Planned":
        """The same for the fewest epochs at the smallest size."""
        arm = self.arm
        return Planned(arm.planned(arm.sides[0], arm.fewest), self.smallest)

    def seconds(self, pictures: int) -> float:
        """That learning from so many pictures may take; the arm keeps to it."""
        return _SLACK * self.per_picture * self.arm.epochs * pictures


@dataclass(frozen=True)
class Plan:
    """What is done, and how long it takes."""

    linear: dict[str, float]  # seconds of every linear arm that there is time for
    omitted: dict[str, float]  # of the others
    trained: tuple[Planned, ...]
    exports: int = 0  # models whose files are still to be made
    export: float = EXPORT  # seconds of the files of one

    @property
    def files(self) -> float:
        """Seconds of all files that are still to be made."""
        return _files(self.exports, self.export)

    def timed_again(self, task: Task) -> "Plan":
        """The same, with the quicker of two timings: other programs may have run at the first."""
        timed = tuple(
            replace(one, smallest=min(one.smallest, one.arm.seconds_per_picture(task)), note="")
            for one in self.trained
        )
        give_back_memory()
        return replace(self, trained=timed)

    def shared(
        self, folds: Sequence[Fold], left: float, made: int = 0, export: float = EXPORT
    ) -> "Plan":
        """Divide the seconds among the trained arms; the last are dropped where they are too few.

        Args:
            folds: What every arm learns.
            left: Seconds, when all other arms have ended.
            made: Models whose files are there.
            export: Seconds of the files of one.
        """
        learnt = _learnt(folds)
        for count in range(len(self.trained), -1, -1):
            exports = len(self.linear) - made + count
            kept = [*_shared(self.trained[:count], left - _files(exports, export), learnt)]
            if all(one.arm.epochs >= one.arm.fewest for one in kept):
                break
        dropped = (_drop(one, learnt) for one in self.trained[count:])
        return Plan(self.linear, self.omitted, (*kept, *dropped), exports, export)

    @property
    def kept(self) -> tuple[Planned, ...]:
        """Arms that are trained."""
        return tuple(planned for planned in self.trained if not planned.note)

    @property
    def dropped(self) -> tuple[Planned, ...]:
        """Arms that are not."""
        return tuple(planned for planned in self.trained if planned.note)

    def reserve(self, folds: Sequence[Fold]) -> float:
        """Seconds of what follows the comparison: learning from all pictures, and the files."""
        learnt = _again(folds)
        return self.files + sum(one.seconds(learnt) for one in self.kept)

    def save(self, path: Path) -> None:
        """Remember it, so that the same command goes on with the same epochs."""
        trained = {
            one.arm.name: [one.arm.side, one.arm.epochs, one.smallest, one.note]
            for one in self.trained
        }
        told = {
            "linear": self.linear,
            "omitted": self.omitted,
            "trained": trained,
            "exports": self.exports,
            "export": self.export,
        }
        files.replace(path, json.dumps(told).encode())

    def lines(self, folds: Sequence[Fold], left: float) -> Iterator[str]:
        """The plan in words."""
        for name, seconds in self.linear.items():
            yield f"{name}: about {seconds:.0f} s"
        for name, seconds in self.omitted.items():
            yield f"{name}: {left_out(seconds)}"
        yield from self.trained_lines(folds)
        yield f"files of {self.exports} models: about {self.files:.0f} s"
        total = sum(self.linear.values()) + self.files
        total += sum(one.seconds(_learnt(folds)) for one in self.kept)
        yield f"together about {total:.0f} s of the {max(left, 0):.0f} s that are left"

    def trained_lines(self, folds: Sequence[Fold]) -> Iterator[str]:
        """What is planned of every trained arm, in words."""
        for planned in self.trained:
            arm, seconds = planned.arm, planned.seconds(_learnt(folds))
            told = planned.note or f"{arm.side} px, {arm.epochs} epochs, about {seconds:.0f} s"
            yield f"{arm.name}: {told}"


def left_out(seconds: float) -> str:
    """Why a linear arm does not compete."""
    return f"left out, there is no time for its {seconds:.0f} s and the files of two models"


def remembered(path: Path, linear: Sequence[LinearArm], arms: Sequence[TrainedArm]) -> Plan | None:
    """What was saved for exactly these arms; None where nothing was."""
    if not path.exists():
        return None
    told = json.loads(path.read_bytes())
    planned = {*told["linear"], *told["omitted"]}, list(told["trained"])
    if planned != ({arm.name for arm in linear}, [arm.name for arm in arms]):
        return None
    pairs = zip(arms, told["trained"].values(), strict=True)
    trained = (Planned(arm.planned(*sizes), cost, note) for arm, (*sizes, cost, note) in pairs)
    return Plan(told["linear"], told["omitted"], tuple(trained), told["exports"], told["export"])


def _files(models: int, export: float) -> float:
    return _SLACK * export * models


def plan(
    linear: Sequence[LinearArm],
    trained: Sequence[TrainedArm],
    task: Task,
    folds: Sequence[Fold],
    budget: Budget,
) -> Plan:
    """Time every arm; share what the linear ones leave among the others, the last are dropped."""
    seconds, omitted = _affordable(linear, task, folds, budget)
    timed = tuple(
        Planned(arm.planned(arm.sides[0], arm.fewest), arm.seconds_per_picture(task))
        for arm in trained
    )
    give_back_memory()
    return Plan(seconds, omitted, timed).shared(folds, budget.left - sum(seconds.values()))


def _affordable(
    arms: Sequence[LinearArm], task: Task, folds: Sequence[Fold], budget: Budget
) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of the arms that there is time for, the first always among them, and of the rest."""
    kept: dict[str, float] = {}
    omitted: dict[str, float] = {}
    for arm in arms:
        seconds = _SLACK * arm.seconds(task, folds)
        fits = sum(kept.values()) + seconds <= budget.left - _files(_FEWEST_EXPORTS, EXPORT)
        (kept if fits or not kept else omitted)[arm.name] = seconds
    return kept, omitted


def _shared(timed: Sequence[Planned], left: float, learnt: int) -> Iterator[Planned]:
    """The arms with their epochs: an equal share, or twice that if those after it have enough."""
    fewest = [one.least.seconds(learnt) for one in timed]
    for place, one in enumerate(timed):
        equal = left / (len(timed) - place)
        spare = left - sum(fewest[place + 1 :])
        planned = _sized(one, max(equal, min(_PROMISE * equal, spare)) / learnt)
        left -= planned.seconds(learnt)
        yield planned


def _sized(timed: Planned, share: float) -> Planned:
    """The arm at the largest size at which it has good epochs, else at its smallest.

    Args:
        timed: The arm, at any size.
        share: Seconds for each picture that it learns from.
    """
    arm = timed.arm
    for side in reversed(arm.sides):
        one = Planned(arm.planned(side, 1), timed.smallest)
        epochs = min(int(share / one.seconds(1)), arm.most)
        if epochs >= _GOOD * arm.most:
            break
    return Planned(arm.planned(side, epochs), timed.smallest)


def _drop(timed: Planned, learnt: int) -> Planned:
    least = timed.least
    needed = least.seconds(learnt)
    arm = least.arm
    note = f"dropped, {arm.epochs} epochs at {arm.side} px take {needed:.0f} s"
    return Planned(arm, timed.smallest, note)


def _learnt(folds: Sequence[Fold]) -> int:
    """Pictures that an arm learns from in all: every fold, and all of them for publication."""
    return sum(len(fold.train) for fold in folds) + _again(folds)


def _again(folds: Sequence[Fold]) -> int:
    """Pictures that the published model learns from, where it is none that was compared."""
    return sum(len(fold.test) for fold in folds) if len(folds) > 1 else 0

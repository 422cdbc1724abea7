"""What fits into the minutes: every arm is timed on a few pictures, and trained ones get epochs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from artifact.files import replace
from training.decide.arms.base import Task
from training.decide.arms.linear import LinearArm
from training.decide.arms.trained import TrainedArm
from training.decide.collection.splits import Fold
from training.environment import give_back_memory

_GOOD: Final = 2 / 3  # of an arm's most epochs: more than that are rather spent on larger pictures
_FEWEST_EXPORTS: Final = 2  # a pick and its rival
_EXPORT: Final = 10.0  # seconds, for one model's files, figures and latencies
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
        """Seconds that remain."""
        return self.seconds - self.spent


@dataclass(frozen=True)
class Planned:
    """A trained arm in the plan."""

    arm: TrainedArm  # with its size and epochs
    per_picture: float  # seconds of one picture in one epoch, at that size
    note: str = ""  # why it is dropped; empty where it is not

    def seconds(self, pictures: int) -> float:
        """That learning from so many pictures may take; the arm keeps to it."""
        return _SLACK * self.per_picture * self.arm.epochs * pictures


@dataclass(frozen=True)
class Plan:
    """What is done, and how long it takes."""

    linear: dict[str, float]  # seconds of every linear arm that there is time for
    omitted: dict[str, float]  # of the others
    trained: tuple[Planned, ...]
    exports: int  # models

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
        return reserve_for(self.exports) + sum(one.seconds(learnt) for one in self.kept)

    def save(self, path: Path) -> None:
        """Remember it, so that the same command goes on with the same epochs."""
        trained = {
            one.arm.name: [one.arm.side, one.arm.epochs, one.per_picture, one.note]
            for one in self.trained
        }
        told = {
            "linear": self.linear,
            "omitted": self.omitted,
            "trained": trained,
            "exports": self.exports,
        }
        replace(path, json.dumps(told).encode())

    def lines(self, folds: Sequence[Fold], left: float) -> Iterator[str]:
        """The plan in words."""
        for name, seconds in self.linear.items():
            yield f"{name}: about {seconds:.0f} s"
        for name, seconds in self.omitted.items():
            yield f"{name}: {left_out(seconds)}"
        for planned in self.trained:
            arm, seconds = planned.arm, planned.seconds(_learnt(folds))
            told = planned.note or f"{arm.side} px, {arm.epochs} epochs, about {seconds:.0f} s"
            yield f"{arm.name}: {told}"
        yield f"files of {self.exports} models: about {reserve_for(self.exports):.0f} s"
        total = sum(self.linear.values()) + reserve_for(self.exports)
        total += sum(one.seconds(_learnt(folds)) for one in self.kept)
        yield f"together about {total:.0f} s of the {left:.0f} s that are left"


def left_out(seconds: float) -> str:
    """Why a linear arm does not compete."""
    return f"left out, it takes about {seconds:.0f} s"


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
    return Plan(told["linear"], told["omitted"], tuple(trained), told["exports"])


def reserve_for(arms: int) -> float:
    """Seconds that the files of so many models take."""
    return _SLACK * _EXPORT * arms


def plan(
    linear: Sequence[LinearArm],
    trained: Sequence[TrainedArm],
    task: Task,
    folds: Sequence[Fold],
    budget: Budget,
) -> Plan:
    """Time every arm; share what the linear ones leave among the others, the last are dropped."""
    seconds, omitted = _affordable(linear, task, folds, budget)
    timed = [(arm, arm.seconds_per_picture(task)) for arm in trained]
    give_back_memory()
    for count in range(len(timed), -1, -1):
        exports = len(seconds) + count
        left = budget.left - sum(seconds.values()) - reserve_for(exports)
        kept = [*_shared(timed[:count], left, _learnt(folds))]
        if all(one.arm.epochs >= one.arm.fewest for one in kept):
            break
    dropped = (_drop(*one, folds) for one in timed[count:])
    return Plan(seconds, omitted, (*kept, *dropped), exports)


def _affordable(
    arms: Sequence[LinearArm], task: Task, folds: Sequence[Fold], budget: Budget
) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of the arms that there is time for, the first always among them, and of the rest."""
    kept: dict[str, float] = {}
    omitted: dict[str, float] = {}
    for arm in arms:
        seconds = _SLACK * arm.seconds(task, folds)
        fits = sum(kept.values()) + seconds <= budget.left - reserve_for(_FEWEST_EXPORTS)
        (kept if fits or not kept else omitted)[arm.name] = seconds
    return kept, omitted


def _shared(
    timed: Sequence[tuple[TrainedArm, float]], left: float, learnt: int
) -> Iterator[Planned]:
    """The arms with their epochs; what one does not need is left to those after it."""
    for place, (arm, smallest) in enumerate(timed):
        planned = _sized(arm, smallest, left / (len(timed) - place) / learnt)
        left -= planned.seconds(learnt)
        yield planned


def _sized(arm: TrainedArm, smallest: float, share: float) -> Planned:
    """The arm at the largest size at which it has good epochs, else at its smallest.

    Args:
        arm: Has its sizes.
        smallest: Seconds of one picture in one epoch, at its smallest size.
        share: Seconds for each picture that it learns from.
    """
    for side in reversed(arm.sides):
        cost = smallest * (side / arm.sides[0]) ** 2
        epochs = min(int(share / (_SLACK * cost)), arm.most)
        if epochs >= _GOOD * arm.most:
            break
    return Planned(arm.planned(side, epochs), cost)


def _drop(arm: TrainedArm, per_picture: float, folds: Sequence[Fold]) -> Planned:
    fewest = Planned(arm.planned(arm.sides[0], arm.fewest), per_picture)
    needed = fewest.seconds(_learnt(folds))
    note = f"dropped, {arm.fewest} epochs at {arm.sides[0]} px take {needed:.0f} s"
    return Planned(fewest.arm, per_picture, note)


def _learnt(folds: Sequence[Fold]) -> int:
    """Pictures that an arm learns from in all: every fold, and all of them for publication."""
    return sum(len(fold.train) for fold in folds) + _again(folds)


def _again(folds: Sequence[Fold]) -> int:
    """Pictures that the published model learns from, where it is none that was compared."""
    return sum(len(fold.test) for fold in folds) if len(folds) > 1 else 0

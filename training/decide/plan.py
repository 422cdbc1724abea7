"""What fits into the minutes: every arm is timed on a few pictures, and trained ones get epochs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Final

import artifact.files
from training.decide.arms.base import Task
from training.decide.arms.linear import LinearArm
from training.decide.arms.trained import TrainedArm
from training.decide.roster import Roster
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

    def at(self, side: int, epochs: int) -> "Planned":
        """The same, trained at that size for so long."""
        return Planned(self.arm.planned(side, epochs), self.smallest)

    @property
    def least(self) -> "Planned":
        """The same for the fewest epochs at the smallest size."""
        return self.at(self.arm.sides[0], self.arm.fewest)

    def seconds(self, pictures: int) -> float:
        """That learning from so many pictures may take; the arm keeps to it."""
        per_picture = self.smallest * (self.arm.side / self.arm.sides[0]) ** 2
        return _SLACK * per_picture * self.arm.epochs * pictures

    def dropped(self, pictures: int) -> "Planned":
        """The same, which so many pictures leave no time for."""
        arm, needed = self.least.arm, self.least.seconds(pictures)
        note = f"dropped, {arm.epochs} epochs at {arm.side} px take {needed:.0f} s"
        return replace(self.least, note=note)


@dataclass(frozen=True)
class Plan:
    """What is done, and how long it takes."""

    linear: dict[str, float]  # seconds of every linear arm that there is time for
    omitted: dict[str, str]  # the others, and why they do not compete
    trained: tuple[Planned, ...]
    exports: int = 0  # models whose files are still to be made
    files: float = 0.0  # seconds of all of them
    final: bool = False  # whether that was timed here

    @property
    def kept(self) -> tuple[Planned, ...]:
        """Arms that are trained."""
        return tuple(planned for planned in self.trained if not planned.note)

    @property
    def dropped(self) -> tuple[Planned, ...]:
        """Arms that are not."""
        return tuple(planned for planned in self.trained if planned.note)

    def again(self, task: Task, left: float, export: float) -> "Plan":
        """The plan, now that it is known how many seconds the files of one model take here.

        Those of the weaker linear models are made where time is left, and take none of the
        training's. Of two timings the quicker one counts: other programs may have run at the first.
        """
        timed = tuple(
            replace(one, smallest=min(one.smallest, one.arm.seconds_per_picture(task)), note="")
            for one in self.trained
        )
        give_back_memory()
        again = replace(self, trained=timed).shared(task, left, len(self.linear), export)
        return replace(again, final=True)

    def shared(self, task: Task, left: float, made: int = 0, export: float = EXPORT) -> "Plan":
        """Divide the seconds among the trained arms that there is time for, the likeliest first.

        Args:
            task: What every arm learns.
            left: Seconds, when all other arms have ended.
            made: Models whose files are there.
            export: Seconds of the files of one.
        """
        learnt, each = _learnt(task), _SLACK * export
        exports = len(self.linear) - made
        fitting: list[Planned] = []
        spare = left - each * exports
        for one in self.trained:
            needed = one.least.seconds(learnt) + each
            if needed <= spare:
                spare -= needed
                fitting.append(one)
        exports += len(fitting)
        sized = _shared(fitting, left - each * exports, learnt)
        trained = (next(sized) if one in fitting else one.dropped(learnt) for one in self.trained)
        return Plan(self.linear, self.omitted, tuple(trained), exports, each * exports)

    def reserve(self, task: Task) -> float:
        """Seconds of what follows the comparison: learning from all pictures, and the files."""
        return self.files + sum(one.seconds(_again(task)) for one in self.kept)

    def save(self, path: Path) -> None:
        """Remember it, so that the same command goes on with the same epochs."""
        trained = {
            one.arm.name: [one.arm.side, one.arm.epochs, one.smallest, one.note]
            for one in self.trained
        }
        artifact.files.replace(path, json.dumps({**vars(self), "trained": trained}).encode())

    def lines(self, task: Task, left: float) -> Iterator[str]:
        """The plan in words."""
        yield from self.arm_lines(task)
        yield f"files of {self.exports} models: about {self.files:.0f} s"
        total = sum(self.linear.values()) + self.files
        total += sum(one.seconds(_learnt(task)) for one in self.kept)
        yield f"together about {total:.0f} s of the {max(left, 0):.0f} s that are left"

    def arm_lines(self, task: Task) -> Iterator[str]:
        """What is planned of every arm, in words."""
        for name, seconds in self.linear.items():
            yield f"{name}: about {seconds:.0f} s"
        for name, why in self.omitted.items():
            yield f"{name}: {why}"
        yield from self.trained_lines(task)

    def trained_lines(self, task: Task) -> Iterator[str]:
        """What is planned of every trained arm, in words."""
        for planned in self.trained:
            arm, seconds = planned.arm, planned.seconds(_learnt(task))
            told = planned.note or f"{arm.side} px, {arm.epochs} epochs, about {seconds:.0f} s"
            yield f"{arm.name}: {told}"


def remembered(path: Path, arms: Roster) -> Plan | None:
    """What was saved for exactly these arms; None where nothing was."""
    if not path.exists():
        return None
    told = json.loads(path.read_bytes())
    saved = {*told["linear"], *told["omitted"]}, list(told["trained"])
    if saved != ({arm.name for arm in arms.linear}, [arm.name for arm in arms.trained]):
        return None
    pairs = zip(arms.trained, told["trained"].values(), strict=True)
    trained = (Planned(arm.planned(*sizes), cost, note) for arm, (*sizes, cost, note) in pairs)
    return Plan(**{**told, "trained": tuple(trained)})


def plan(arms: Roster, task: Task, budget: Budget) -> Plan:
    """Time every arm; share what the linear ones leave among the others, the last are dropped."""
    seconds, omitted = _affordable(arms.linear, task, budget)
    timed = tuple(Planned(arm, arm.seconds_per_picture(task)).least for arm in arms.trained)
    give_back_memory()
    return Plan(seconds, omitted, timed).shared(task, budget.left - sum(seconds.values()))


def _affordable(
    arms: Sequence[LinearArm], task: Task, budget: Budget
) -> tuple[dict[str, float], dict[str, str]]:
    """Seconds of the arms that there is time for, the first always among them; why not the rest."""
    kept: dict[str, float] = {}
    omitted: dict[str, str] = {}
    for arm in arms:
        seconds = _SLACK * arm.seconds(task)
        fits = sum(kept.values()) + seconds <= budget.left - _SLACK * EXPORT * _FEWEST_EXPORTS
        if fits or not kept:
            kept[arm.name] = seconds
        else:
            cost = f"{seconds:.0f} s and the files of two models"
            omitted[arm.name] = f"left out, there is no time for its {cost}"
    return kept, omitted


def _shared(timed: Sequence[Planned], left: float, learnt: int) -> Iterator[Planned]:
    """The arms with their epochs: twice an equal share, if those after it have enough."""
    fewest = [one.least.seconds(learnt) for one in timed]
    for place, one in enumerate(timed):
        twice = _PROMISE * left / (len(timed) - place)
        share = min(max(twice, fewest[place]), left - sum(fewest[place + 1 :]))
        planned = _sized(one, share / learnt)
        left -= planned.seconds(learnt)
        yield planned


def _sized(timed: Planned, share: float) -> Planned:
    """The arm at the largest size at which it has good epochs, else at its smallest.

    Args:
        timed: The arm, at any size.
        share: Seconds for each picture that it learns from; enough for its fewest epochs.
    """
    arm = timed.arm
    for side in reversed(arm.sides):
        epochs = min(int(share / timed.at(side, 1).seconds(1)), arm.most)
        if epochs >= max(_GOOD * arm.most, arm.fewest):
            break
    return timed.at(side, max(epochs, arm.fewest))


def _learnt(task: Task) -> int:
    """Pictures that an arm learns from in all: every fold, and all of them for publication."""
    return sum(len(fold.train) for fold in task.folds) + _again(task)


def _again(task: Task) -> int:
    """Pictures that the published model learns from, where it is none that was compared."""
    return len(task.learnt) if len(task.folds) > 1 else 0

"""What fits into the minutes: every trained arm is timed on a few steps, then given its epochs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from artifact.files import replace
from training.decide.arms.base import Task
from training.decide.arms.trained import TrainedArm
from training.decide.collection.splits import Fold

_FEWEST_EPOCHS: Final = 8  # fewer teach a network nothing that a linear arm does not know
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

    arm: TrainedArm  # with its epochs; none where it is dropped
    per_picture: float  # seconds of one picture in one epoch
    note: str = ""  # why it is dropped; empty where it is not

    def seconds(self, pictures: int) -> float:
        """Estimated, of learning from so many pictures."""
        return _SLACK * self.per_picture * self.arm.epochs * pictures


@dataclass(frozen=True)
class Plan:
    """Who is trained, and for how long."""

    trained: tuple[Planned, ...]
    reserve: float

    @property
    def kept(self) -> tuple[Planned, ...]:
        """Arms that are trained."""
        return tuple(planned for planned in self.trained if not planned.note)

    @property
    def dropped(self) -> tuple[Planned, ...]:
        """Arms that are not."""
        return tuple(planned for planned in self.trained if planned.note)

    def save(self, path: Path) -> None:
        """Remember it, so that the same command goes on with the same epochs."""
        told = {one.arm.name: [one.arm.epochs, one.per_picture, one.note] for one in self.trained}
        replace(path, json.dumps({"reserve": self.reserve, "trained": told}).encode())

    def lines(self, folds: Sequence[Fold], pictures: int) -> Iterator[str]:
        """The plan in words."""
        for planned in self.trained:
            arm = planned.arm
            if planned.note:
                yield f"{arm.name}: {planned.note}"
            else:
                seconds = planned.seconds(_learnt(folds, pictures))
                yield f"{arm.name}: {arm.side} px, {arm.epochs} epochs, about {seconds:.0f} s"
        yield f"export and publication: about {self.reserve:.0f} s"


def remembered(path: Path, arms: Sequence[TrainedArm]) -> Plan | None:
    """What was saved for exactly these arms; None where nothing was."""
    if not path.exists():
        return None
    told = json.loads(path.read_bytes())
    if list(told["trained"]) != [arm.name for arm in arms]:
        return None
    pairs = zip(arms, told["trained"].values(), strict=True)
    return Plan(
        tuple(
            Planned(arm.with_epochs(epochs), per_picture, note)
            for arm, (epochs, per_picture, note) in pairs
        ),
        told["reserve"],
    )


def reserve_for(arms: int) -> float:
    """Seconds that the files of so many models take."""
    return _SLACK * _EXPORT * arms


def plan(
    arms: Sequence[TrainedArm], task: Task, folds: Sequence[Fold], budget: Budget, reserve: float
) -> Plan:
    """Share what is left equally among the arms; drop the last of them where it is too little."""
    timed = [(arm, arm.seconds_per_picture(task)) for arm in arms]
    learnt = _learnt(folds, task.store.count)
    for count in range(len(timed), 0, -1):
        share = (budget.left - reserve) / count
        kept = [_planned(arm, seconds, share / learnt) for arm, seconds in timed[:count]]
        if not any(one.note for one in kept):
            break
    else:
        count, kept = 0, []
    dropped = (
        Planned(
            arm, seconds, f"dropped, {_FEWEST_EPOCHS} epochs take {_needed(seconds, learnt):.0f} s"
        )
        for arm, seconds in timed[count:]
    )
    again = task.store.count if len(folds) > 1 else 0
    reserve += sum(one.seconds(again) for one in kept)
    return Plan((*kept, *dropped), reserve)


def _planned(arm: TrainedArm, per_picture: float, share: float) -> Planned:
    """The arm with as many epochs as it has seconds for each picture that it learns from."""
    epochs = min(int(share / (_SLACK * per_picture)), arm.epochs)
    enough = epochs >= min(_FEWEST_EPOCHS, arm.epochs)
    return Planned(arm.with_epochs(epochs), per_picture, "" if enough else "too few epochs")


def _needed(per_picture: float, learnt: int) -> float:
    return _SLACK * per_picture * _FEWEST_EPOCHS * learnt


def _learnt(folds: Sequence[Fold], pictures: int) -> int:
    """Pictures that an arm learns from in all: every fold, and all of them for publication."""
    again = pictures if len(folds) > 1 else 0
    return sum(len(fold.train) for fold in folds) + again

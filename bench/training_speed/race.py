"""One training, watched: how accurate it is on the test images, and after how many seconds."""

from collections.abc import Callable, Iterable
from typing import Literal

from artifact.manifest import Part

RunnerName = Literal["example", "tandem"]
Runner = Callable[[int], Iterable["Lap"]]


class Lap(Part):
    """One epoch is done, and the test images were looked at."""

    seconds: float  # since the start, the looks at the test images included
    accuracy: float  # share of the test images that are named rightly


class Race(Part):
    """One training up to the target accuracy."""

    runner: RunnerName
    seed: int
    laps: tuple[Lap, ...]

    def seconds_to(self, accuracy: float) -> float | None:
        """Seconds until a look found that accuracy; None where none did."""
        return next((lap.seconds for lap in self.laps if lap.accuracy >= accuracy), None)


def race(name: RunnerName, runner: Runner, seed: int, accuracy: float) -> Race:
    """Train one until it reaches the target accuracy, or until its recipe ends."""
    laps: list[Lap] = []
    for lap in runner(seed):
        laps.append(lap)
        print(f"{name:8} seed {seed}  {lap.seconds:7.1f} s  {lap.accuracy:.2%}", flush=True)
        if lap.accuracy >= accuracy:
            break
    return Race(runner=name, seed=seed, laps=tuple(laps))

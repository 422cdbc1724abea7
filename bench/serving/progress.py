"""What a person sees while it runs: what was just measured, and how long it will take yet."""

import time
from collections.abc import Callable


class Progress:
    """Prints lines, each with the time gone and the time left.

    Args:
        planned: Seconds that the whole is thought to take.
        say: Takes each line.
    """

    def __init__(self, planned: float, say: Callable[[str], None] = print) -> None:
        self._planned = planned
        self._done = 0.0
        self._say = say
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds that the rest should take, at the pace so far."""
        pace = self.elapsed / self._done if self._done else 1.0
        return max(0.0, self._planned - self._done) * pace

    def advance(self, planned: float, line: str) -> None:
        """Count that much of the plan as done, and say what it brought."""
        self._done += planned
        self.say(line)

    def say(self, line: str) -> None:
        """Say something with the time."""
        self._say(f"[{_clock(self.elapsed)}, {_clock(self.left)} left] {line}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"

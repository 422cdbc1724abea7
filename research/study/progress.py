"""What a person sees of a study: one line a finished run, on a terminal and in a file alike."""

import sys
import time
from typing import TextIO

from research.study.definition import Run
from research.study.execution import Done, Result


class Progress:
    """Counts runs, and foresees when all of them will be done.

    Args:
        runs: That are to be done.
        stream: Where to write; by default standard output.
    """

    def __init__(self, runs: list[Run], stream: TextIO | None = None) -> None:
        self.total = len(runs)
        self.stream = stream or sys.stdout
        self._left = sum(map(_work, runs))
        self._done = 0.0
        self._count = 0
        self._began = time.monotonic()

    def finish(self, result: Result) -> None:
        """Write the line of a run that is over."""
        work = _work(result.job.run)
        self._count += 1
        self._done += work
        self._left -= work
        elapsed = time.monotonic() - self._began
        place = f"[{self._count:>{len(str(self.total))}}/{self.total}]"
        rate = f"{3600 * self._count / max(elapsed, 1e-9):.1f} runs/h"
        left = f"{duration(elapsed * self._left / self._done)} left"
        self.say(f"{place} {result.job.name:<42} {_told(result)}  {rate}, {left}")

    def say(self, line: str) -> None:
        """Write a line at once."""
        self.stream.write(f"{line}\n")
        self.stream.flush()


def duration(seconds: float) -> str:
    """A time as a person says it."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _work(run: Run) -> float:
    """In passes over all images."""
    return run.config.epochs * run.config.train_ratio


def _told(result: Result) -> str:
    if not isinstance(result, Done):
        return f"FAILED: {result.reason}"
    metrics, provenance = result.outcome.metrics, result.outcome.provenance
    findings = sorted({finding.name for finding in result.outcome.findings})
    return (
        f"test {metrics.test.accuracy:.2%}  validation {metrics.validation.accuracy:.2%}  "
        f"epoch {provenance.epoch}/{len(metrics.curves)}  {provenance.seconds:.0f} s"
        + (f"  flawed: {', '.join(findings)}" if findings else "")
    )

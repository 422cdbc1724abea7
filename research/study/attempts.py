"""A job gives its outcome, or says why not; none loses another."""

from dataclasses import dataclass

from artifact.study import Outcome
from research.study.runner import Job, Runner
from training.errors import TrainingError


@dataclass(frozen=True)
class Done:
    """A job and its outcome."""

    job: Job
    outcome: Outcome


@dataclass(frozen=True)
class Failed:
    """A job that gave no outcome."""

    job: Job
    reason: str


Result = Done | Failed


def attempt(runner: Runner, job: Job) -> Result:
    """Do a job; what goes wrong is told, and the next one can be done."""
    try:
        return Done(job, runner(job))
    except TrainingError as error:
        return Failed(job, str(error))
    except Exception as error:  # noqa: BLE001 - a fault in one run must not lose the others
        return Failed(job, f"{type(error).__name__}: {error}")

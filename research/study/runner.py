"""One run of a study, wherever it is run."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock
from torch import Tensor, nn

from artifact.study import Head, Outcome
from research.study.definition import Run
from training import data
from training.config import Places, RunConfig
from training.data import Dataset
from training.export.publication import Candidate, describe_architecture
from training.networks.architectures import Network
from training.run import train


class ReluHead(nn.Module):
    """A network with a ReLU on its logits: the fault of the seed report.

    The ReLU has no gradient where it is 0. An output that begins there for every picture stays
    there: its class is predicted only where all others are 0 too.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes], none below 0, of normalised images."""
        logits: Tensor = self.network(images)
        return logits.relu()


HEADS: dict[Head, Callable[[Network], nn.Module]] = {"linear": lambda it: it, "relu": ReluHead}


def lock(folder: Path) -> FileLock:
    """The lock of a run's folder, beside it; a killed process holds it no more."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(folder.with_name(f".{folder.name}.lock"))


def remove(folder: Path) -> None:
    """Delete a folder once no other process is in it."""
    with lock(folder):
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Job:
    """A run and where it is done."""

    name: str  # for a person
    run: Run  # what is trained
    folder: Path  # of its checkpoint and its log
    data_dir: Path
    result: Path | None = None  # where its outcome may have been stored meanwhile, by another study

    def anywhere(self) -> "Job":
        """The same job for a process that was started in another folder."""
        return replace(
            self,
            folder=self.folder.absolute(),
            data_dir=self.data_dir.absolute(),
            result=self.result and self.result.absolute(),
        )


class Runner:
    """Does one job after another; a data set is loaded once."""

    def __init__(self) -> None:
        self._datasets: dict[tuple[object, ...], Dataset] = {}

    def __call__(self, job: Job) -> Outcome:
        """Train, or go on from the job's checkpoint, and evaluate once.

        Raises:
            TrainingError: As `training.run.train` says.
        """
        config = job.run.config
        places = Places(data_dir=job.data_dir, runs_dir=job.folder.parent, run_name=job.folder.name)
        with lock(job.folder):
            if job.result is not None and job.result.is_file():
                return Outcome.model_validate_json(job.result.read_bytes())
            with _logged(job.folder):
                candidate = train(
                    config,
                    places,
                    dataset=self._dataset(config, job.data_dir),
                    alter=HEADS[job.run.head],
                )
            return _outcome(candidate, job.run)

    def _dataset(self, config: RunConfig, data_dir: Path) -> Dataset:
        key = (config.dataset, data_dir, config.side, config.mode)
        if key not in self._datasets:
            self._datasets[key] = data.load(config.dataset, data_dir, config.side, config.mode)
        return self._datasets[key]


@contextlib.contextmanager
def _logged(folder: Path) -> Iterator[None]:
    """Write each epoch's line to a file: a study has a line of its own for each run."""
    folder.mkdir(exist_ok=True)
    with (
        (folder / "log.txt").open("a", buffering=1, encoding="utf-8") as log,
        contextlib.redirect_stderr(log),
    ):
        yield


def _outcome(candidate: Candidate, run: Run) -> Outcome:
    assessment = candidate.assessment
    return Outcome(
        network=describe_architecture(candidate),
        head=run.head,
        provenance=candidate.provenance,
        metrics=assessment.metrics,
        findings=assessment.findings,
    )

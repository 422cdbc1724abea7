"""One run of a study, wherever it is run."""

import contextlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from torch import Tensor, nn

from artifact.study import Head, Outcome
from research.study.definition import Run
from training import data
from training.config import DatasetName, Mode, Places
from training.data import Dataset
from training.export.publication import describe_architecture
from training.networks.architectures import Network
from training.run import train

Loader = Callable[[DatasetName, Path, int, Mode], Dataset]


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
    """A run and where it is done: absolute paths, since a cluster works in another folder."""

    name: str  # for a person
    run: Run  # what is trained
    folder: Path  # of its checkpoint and its log
    data_dir: Path
    result: Path | None = None  # where its outcome may have been stored meanwhile, by another study


def run_job(job: Job, load: Loader = data.load) -> Outcome:
    """Train, or go on from the job's checkpoint, and evaluate once.

    Raises:
        TrainingError: As `training.run.train` says.
    """
    config, folder = job.run.config, job.folder
    places = Places(data_dir=job.data_dir, runs_dir=folder.parent, run_name=folder.name)
    with lock(folder):
        if job.result is not None and job.result.is_file():
            return Outcome.model_validate_json(job.result.read_bytes())
        with _logged(folder):
            dataset = load(config.dataset, job.data_dir, config.side, config.mode)
            candidate = train(config, places, dataset=dataset, alter=HEADS[job.run.head])
        return Outcome(
            network=describe_architecture(candidate),
            head=job.run.head,
            provenance=candidate.provenance,
            metrics=candidate.assessment.metrics,
            findings=candidate.assessment.findings,
        )


@contextlib.contextmanager
def _logged(folder: Path) -> Iterator[None]:
    """Write each epoch's line to a file: a study has a line of its own for each run."""
    folder.mkdir(exist_ok=True)
    with (
        (folder / "log.txt").open("a", buffering=1, encoding="utf-8") as log,
        contextlib.redirect_stderr(log),
    ):
        yield

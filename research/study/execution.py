"""Doing runs: one after another, each in a process of its own, or on a Ray cluster.

A run that fails, or whose process dies, loses no other.
"""

import contextlib
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Final

from filelock import FileLock
from torch import Tensor, nn

from artifact.study import Head, Outcome
from research.study.definition import Run
from training import data
from training.config import DatasetName, Mode, Places
from training.data import Dataset
from training.errors import StudyError, TrainingError
from training.export.publication import describe_architecture
from training.networks.architectures import Network
from training.run import train

Loader = Callable[[DatasetName, Path, int, Mode], Dataset]

log = logging.getLogger(__name__)
LOCAL: Final = "local"  # an address: a cluster of this machine alone, for as long as the study


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


@dataclass(frozen=True)
class Result:
    """A job that is over."""

    job: Job
    outcome: Outcome | None  # None where it failed
    reason: str = ""  # why it failed


def execute(
    jobs: Sequence[Job], processes: int | None = None, ray: str | None = None
) -> Iterator[Result]:
    """Do every job; each result comes as soon as it is known.

    Args:
        jobs: What to do.
        processes: How many at a time; by default one, on a cluster one a core.
        ray: Address of a cluster to do them on; by default this machine does them.

    Raises:
        StudyError: Ray is not installed, or there is no such cluster.
    """
    if not jobs:
        return iter(())
    if ray is not None:
        return _on_cluster(jobs, ray, processes)
    if processes is not None and processes > 1:
        return in_processes(jobs, processes)
    load = cache(data.load)
    return (_attempt(job, load) for job in jobs)


def _attempt(job: Job, load: Loader = data.load) -> Result:
    try:
        return Result(job, run_job(job, load))
    except TrainingError as error:
        return Result(job, None, str(error))
    except Exception as error:
        log.exception("%s failed", job.name)  # and the others go on
        return Result(job, None, f"{type(error).__name__}: {error}")


def in_processes(jobs: Iterable[Job], count: int) -> Iterator[Result]:
    """Do each job in a process of its own, that many at a time."""
    threads = ThreadPoolExecutor(count)
    results = [threads.submit(_in_process, job) for job in jobs]
    try:
        for result in as_completed(results):
            yield result.result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        while wait(results, timeout=0.1).not_done:  # again: one may just have been started
            for process in multiprocessing.active_children():
                process.terminate()


def _in_process(job: Job) -> Result:
    with ProcessPoolExecutor(1, get_context("spawn"), _prepare) as process:
        try:
            return process.submit(_attempt, job).result()
        except BrokenProcessPool:
            return Result(job, None, "its process died: of a signal, or for want of memory")


def _prepare() -> None:
    """Begin a process that does one run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # in order: open files are closed
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent takes no result, and the next study must be able to go on with the run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _on_cluster(jobs: Iterable[Job], address: str, most: int | None) -> Iterator[Result]:
    """Do the jobs on every core of a Ray cluster, the next one as soon as a core is free.

    The folders of the jobs are on the machine that does them: where that is not this one, they
    have to be shared for a run to be gone on with.
    """
    ray = _connect(address, most)
    try:
        resources = ray.cluster_resources()
        count = most or int(resources.get("CPU", 1))
        share = resources.get("GPU", 0) / count
        task = ray.remote(num_cpus=1, num_gpus=share, max_retries=0)(_attempt)
        under_way: dict[object, Job] = {}
        for job in jobs:
            under_way[task.remote(job)] = job
            if len(under_way) == count:
                yield _first(ray, under_way)
        while under_way:
            yield _first(ray, under_way)
    finally:
        ray.shutdown()


def _connect(address: str, most: int | None) -> ModuleType:
    try:
        import ray  # noqa: PLC0415 - an extra of its own
    except ImportError as error:
        raise StudyError("--ray needs the package ray: pip install 'tandem[ray]'") from error
    try:
        if address == LOCAL:
            ray.init(address=LOCAL, num_cpus=most, include_dashboard=False, log_to_driver=False)
        else:
            ray.init(address=address, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise StudyError(f"there is no Ray cluster at {address}: {error}") from error
    return ray


def _first(ray: ModuleType, under_way: dict[object, Job]) -> Result:
    """Wait until one of the jobs is over, and take it away."""
    [ready], _ = ray.wait(list(under_way))
    job = under_way.pop(ready)
    try:
        result: Result = ray.get(ready)
    except ray.exceptions.RayError as error:
        return Result(job, None, f"its process died: {str(error).strip().partition(chr(10))[0]}")
    return result

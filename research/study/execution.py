"""Doing many runs: one after another, each in a process of its own, or on a Ray cluster.

A run that fails, or whose process dies, loses no other.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from types import ModuleType
from typing import Final

from artifact.study import Outcome
from research.study.runner import Job, Loader, run_job
from training import data
from training.errors import StudyError, TrainingError

log = logging.getLogger(__name__)
LOCAL: Final = "local"  # an address: a cluster of this machine alone, for as long as the study


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

"""Doing many jobs: one after another here, in processes, or on a cluster."""

from collections.abc import Iterable, Iterator, Sequence

from research.study.attempts import Result, attempt
from research.study.cluster import on_cluster
from research.study.processes import in_processes
from research.study.runner import Job, Runner


def execute(
    jobs: Sequence[Job], processes: int | None = None, ray: str | None = None
) -> Iterator[Result]:
    """Do every job; what becomes of each is told as soon as it is known.

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
        return on_cluster(jobs, ray, processes)
    if processes is not None and processes > 1:
        return in_processes(jobs, processes)
    return _one_after_another(jobs)


def _one_after_another(jobs: Iterable[Job]) -> Iterator[Result]:
    runner = Runner()
    for job in jobs:
        yield attempt(runner, job)

"""Doing many jobs on a Ray cluster."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

from research.study.attempts import Failed, Result, attempt
from research.study.runner import Job, Runner
from training.errors import StudyError

LOCAL: Final = "local"  # an address: a cluster of this machine alone, for as long as the study


def on_cluster(jobs: Iterable[Job], address: str, most: int | None = None) -> Iterator[Result]:
    """Do the jobs on every core of a Ray cluster, the next one as soon as a core is free.

    The folders of the jobs are on the machine that does them: where that is not this one, they
    have to be shared for a run to be gone on with.

    Args:
        jobs: What to do.
        address: Of the cluster, `auto` for the one of this machine, `local` for one of our own.
        most: Jobs at a time; as many as there are cores if not given.

    Raises:
        StudyError: Ray is not installed, or there is no such cluster.
    """
    ray = _connect(address, most)
    try:
        yield from _share_out(ray, deque(job.anywhere() for job in jobs), most)
    finally:
        ray.shutdown()


def _connect(address: str, most: int | None) -> Any:
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


def _share_out(ray: Any, waiting: deque[Job], most: int | None) -> Iterator[Result]:
    resources = ray.cluster_resources()
    count = min(len(waiting), most or int(resources.get("CPU", 1)))
    actor = ray.remote(num_cpus=1, num_gpus=resources.get("GPU", 0) / max(count, 1))(_Actor)

    def begin(member: Any) -> None:
        job = waiting.popleft()
        under_way[member.do.remote(job)] = (member, job)

    under_way: dict[Any, tuple[Any, Job]] = {}
    for _ in range(count):
        begin(actor.remote())
    while under_way:
        [ready], _ = ray.wait(list(under_way))
        member, job = under_way.pop(ready)
        try:
            result: Result = ray.get(ready)
        except ray.exceptions.RayError as error:
            member = actor.remote()
            result = Failed(job, f"its process died: {_first_line(error)}")
        if waiting:
            begin(member)
        yield result


class _Actor:
    """A process on some machine of the cluster."""

    def __init__(self) -> None:
        self._runner = Runner()

    def do(self, job: Job) -> Result:
        return attempt(self._runner, job)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]

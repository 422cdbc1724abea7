"""What worker processes keep in common: a folder with their metrics, process ids and heartbeats.

The files carry the worker's number: its replacement goes on counting where it stopped, and the
folder does not grow. The supervisor makes it: a folder that PROMETHEUS_MULTIPROC_DIR names when the
service starts belongs to another program, and would bring back the counters of an earlier run.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Metric, PlatformCollector, ProcessCollector, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from artifact.files import replace, temporary_folder

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


class SharedFolder:
    """The folder of one group of workers."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def announce(self, worker: int) -> None:
        """Tell the others that this process is that worker, and that it serves."""
        replace(self._announcement(worker), str(os.getpid()).encode())

    def serves(self, worker: int) -> bool:
        """Whether that worker has announced itself."""
        return self.heartbeat(worker) is not None

    def beat(self, worker: int) -> None:
        """Show that the event loop of this process, which is that worker, goes on.

        Raises:
            FileNotFoundError: The worker has not announced itself, or the folder is gone.
        """
        os.utime(self._announcement(worker))

    def heartbeat(self, worker: int) -> int | None:
        """When the worker last showed that it lives, in nanoseconds; None before it serves."""
        try:
            return self._announcement(worker).stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def announce_stop(self) -> None:
        """Tell the workers that all of them end, not one alone."""
        self._stop_announcement().touch()

    def stops(self) -> bool:
        """Whether all workers end."""
        return self._stop_announcement().exists()

    def forget(self, worker: int) -> None:
        """Take away what was true only while the worker lived; what it counted stays."""
        self._announcement(worker).unlink(missing_ok=True)
        mark_process_dead(worker, self.path)

    def processes(self) -> dict[str, int]:
        """The process of each worker that serves."""
        found: dict[str, int] = {}
        for announcement in sorted(self.path.glob("*.worker")):
            with suppress(FileNotFoundError):  # it has ended meanwhile
                found[announcement.stem] = int(announcement.read_text())
        return found

    def remove(self) -> None:
        """Clean up after a supervisor that could not."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _announcement(self, worker: int) -> Path:
        return self.path / f"{worker}.worker"

    def _stop_announcement(self) -> Path:
        return self.path / "stop"


@contextmanager
def shared_folder() -> Iterator[SharedFolder]:
    """Make the folder, and remove it in the end."""
    with temporary_folder() as path:
        yield SharedFolder(Path(path))


def count_as(process: str, folder: SharedFolder) -> None:
    """Have Prometheus' client keep this process' metrics in the folder, under that name."""
    os.environ[_VARIABLE] = str(folder.path)
    values.ValueClass = values.MultiProcessValue(lambda: process)


def count_alone() -> None:
    """Have Prometheus' client keep this process' metrics in memory, whatever its environment."""
    values.ValueClass = values.MutexValue


def what_all_counted(folder: SharedFolder) -> CollectorRegistry:
    """Make the registry that adds up what every worker counted."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder.path))
    PlatformCollector(registry=registry)
    registry.register(_Processes(folder))
    return registry


class _Processes(Collector):
    """Memory, processor time and files of every worker, each with its number as a label."""

    def __init__(self, folder: SharedFolder) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        found: dict[str, Metric] = {}
        for worker, process in self._folder.processes().items():
            for metric in ProcessCollector(pid=lambda: process, registry=None).collect():  # noqa: B023 - used at once
                all_workers = found.setdefault(
                    metric.name, Metric(metric.name, metric.documentation, metric.type)
                )
                for sample in metric.samples:
                    all_workers.add_sample(sample.name, {"worker": worker}, sample.value)
        return found.values()

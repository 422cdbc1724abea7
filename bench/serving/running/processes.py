"""A server as a tree of processes: started on cores of its own, measured, and ended to the last."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER, linux/prctl.h
_GRACE: Final = 10.0  # seconds between asking and killing
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Memory:
    """What a tree of processes holds, in MB: shared pages divided fairly (pss), or each (rss)."""

    pss: float
    rss: float
    processes: int


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self._process.poll() is None

    def memory(self) -> Memory:
        """What the server and everything that it started hold now."""
        parts = [part for pid in self._tree() if (part := _proportional_and_resident(pid))]
        pss, rss = sum(part[0] for part in parts), sum(part[1] for part in parts)
        return Memory(pss / _MEGABYTE, rss / _MEGABYTE, len(parts))

    def core_seconds(self) -> float:
        """How long its processes have kept a core busy, whatever else the machine did."""
        return sum(map(_core_seconds, self._tree()))

    def has_said(self, text: str) -> bool:
        """Whether that is in what it logged."""
        return text in self._log.read_text(errors="replace")

    def last_words(self) -> str:
        """The last line that it logged."""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it logged nothing"

    def _tree(self) -> list[int]:
        return [self._process.pid, *_descendants(self._process.pid)]


def free_port() -> int:
    """A port of this machine on which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    cores: Collection[int],
    log: Path,
) -> Iterator[Server]:
    """Start a command on those cores, and end whatever has come of it."""
    _adopt_orphans()
    others = _descendants(os.getpid())
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned,
            cwd=folder,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Server(process, log)
    finally:
        _end(process, others)


def _end(process: subprocess.Popen[bytes], others: Collection[int]) -> None:
    """Ask the first process to end; kill what then is left of all that it started."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    while strays := _descendants(os.getpid()) - set(others):
        for pid in strays:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.poll()
        _reap(strays)
        time.sleep(0.01)


def _reap(pids: Collection[int]) -> None:
    for pid in pids:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _adopt_orphans() -> None:
    """Become the parent of what outlives its own: a daemon cannot slip away."""
    ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0)


def _descendants(ancestor: int) -> set[int]:
    """Every process whose line of parents leads to the ancestor."""
    parents = dict(_parents())
    found: set[int] = set()
    grown = {ancestor}
    while grown:
        grown = {pid for pid, parent in parents.items() if parent in grown} - found
        found |= grown
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").glob("[0-9]*"):
        if fields := _stat(int(entry.name)):
            yield int(entry.name), int(fields[1])


def _core_seconds(pid: int) -> float:
    """In user and in kernel mode; 0 where the process has just ended."""
    fields = _stat(pid)
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none where the process has just ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name, in parentheses, may hold anything


def _proportional_and_resident(pid: int) -> tuple[int, int] | None:
    """Bytes of a process, proportional and resident; None where it has just ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    kilobytes = {name: int(rest.split()[0]) for name, rest in _fields(text)}
    return 1024 * kilobytes["Pss"], 1024 * kilobytes["Rss"]


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines()[1:]:
        name, _, rest = line.partition(":")
        yield name, rest

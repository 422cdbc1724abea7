"""Processes and their children, where the system shows them."""

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """Of a process that is running, of all its threads."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread may have ended since
            found += map(int, path.read_text().split())
    return found


def is_running(pid: int) -> bool:
    """A process whose parent is gone may stay as a zombie where no process collects it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

"""Processes and their children, where the system shows them."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """Of a process that is running, of all its threads."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text().split()]


def is_running(pid: int) -> bool:
    """A process whose parent is gone may stay as a zombie where no process collects it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False

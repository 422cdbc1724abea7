"""A lock that one request at a time holds, among all processes of the service."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from threading import Lock as ThreadLock

from filelock import FileLock, Timeout

from service.observability.shared import SharedFolder


class LockHeld(Exception):
    """Another request holds the lock."""


class Lock:
    """Held by one request at a time; nothing waits for it."""

    def __init__(self, name: str, folder: SharedFolder | None) -> None:
        """Make a lock of this process alone, or of all that share the folder."""
        self._here = ThreadLock()
        self._everywhere = (
            nullcontext() if folder is None else FileLock(folder.path / f"{name}.lock", timeout=0)
        )

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold the lock, without waiting for it.

        Raises:
            LockHeld: Another request holds it.
        """
        if not self._here.acquire(blocking=False):
            raise LockHeld
        try:
            with self._everywhere:  # given back at the end of the process, even by a crash
                yield
        except Timeout:
            raise LockHeld from None
        finally:
            self._here.release()

"""A lock that one request at a time holds, among all processes of the service."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.observability.shared import SharedFolder


class LockHeld(Exception):
    """Another request holds the lock."""


class Lock:
    """Held by one request at a time; nothing waits for it."""

    def __init__(self, name: str, folder: SharedFolder | None) -> None:
        """Make a lock of this process alone, or of all that share the folder."""
        self._held = False
        self._file = None if folder is None else folder.path / f"{name}.lock"

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold the lock, without waiting for it.

        Raises:
            LockHeld: Another request holds it.
        """
        if self._held:
            raise LockHeld
        self._held = True
        try:
            with self._alone_among_processes():
                yield
        finally:
            self._held = False

    @contextmanager
    def _alone_among_processes(self) -> Iterator[None]:
        if self._file is None:
            yield
            return
        import fcntl  # noqa: PLC0415 - not on every system; nor are workers

        with self._file.open("a") as file:  # whose end, even by a crash, gives the lock back
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LockHeld from None
            yield

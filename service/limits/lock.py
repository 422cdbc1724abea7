"""Something that is done once at a time, by all processes of the service together."""

from collections.abc import Iterator
from contextlib import contextmanager

from service.observability.shared import SharedFolder


class LockHeld(Exception):
    """Somebody is at it."""


class Lock:
    """Whose turn it is."""

    def __init__(self, name: str, folder: SharedFolder | None) -> None:
        """Make it for this process alone, or for all that share the folder."""
        self._taken = False
        self._file = None if folder is None else folder.path / f"{name}.lock"

    @contextmanager
    def take(self) -> Iterator[None]:
        """Have the turn, without waiting for it.

        Raises:
            LockHeld: Somebody else has it.
        """
        if self._taken:
            raise LockHeld
        self._taken = True
        try:
            with self._alone_among_processes():
                yield
        finally:
            self._taken = False

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

"""Memory that decoding pictures may take, all of the process together."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service.errors import overloaded


class MemoryBudget:
    """Shares out bytes to threads, which wait until others give theirs back."""

    def __init__(self, most: int, queue_seconds: float) -> None:
        """Prepare.

        Args:
            most: Bytes that all shares have together; no share may be larger.
            queue_seconds: How long a thread waits for its share.
        """
        self._free = most
        self._queue_seconds = queue_seconds
        self._given_back = threading.Condition()

    @contextmanager
    def share(self, size: int) -> Iterator[None]:
        """Hold so many bytes; the first to wait is not always the first to get.

        Raises:
            Unavailable: They were not free for as long as a request may wait.
        """
        self._take(size)
        try:
            yield
        finally:
            with self._given_back:
                self._free += size
                self._given_back.notify_all()

    def _take(self, size: int) -> None:
        with self._given_back:
            if not self._given_back.wait_for(lambda: self._free >= size, self._queue_seconds):
                raise overloaded(
                    "the memory to decode the picture was not free within "
                    f"{self._queue_seconds:g} s; try again in a second"
                )
            self._free -= size

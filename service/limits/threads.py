"""Threads and memory for large work, and queues before them in which no request waits for long."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Final, ParamSpec, TypeVar

from service.errors import Unavailable, overloaded

Arguments = ParamSpec("Arguments")
Made = TypeVar("Made")

_SURE: Final = 0.6  # of the time that a request may wait: a request that expects more is refused
_LATEST: Final = 0.2  # weight of the latest work in what a turn usually takes


class Threads:
    """Runs functions in threads; the order is that of the calls."""

    def __init__(self, count: int, queue_seconds: float, name: str) -> None:
        """Prepare, without starting a thread."""
        self.count = count
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._free = asyncio.Semaphore(count)
        self._queue_seconds = queue_seconds
        self._waiting = 0
        self._last_turn = 0.0
        self._turn_seconds = 0.0  # from one turn to the next while all threads are busy

    async def run(
        self, work: Callable[Arguments, Made], *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Made:
        """Run in a thread; cancelled before it begins, it never runs.

        Raises:
            Unavailable: No thread is free for as long as a request may wait; at once, where that
                can be expected.
        """
        await self._wait()
        began = self._last_turn
        running = self._executor.submit(work, *args, **kwargs)
        loop = asyncio.get_running_loop()
        running.add_done_callback(lambda _: _call(loop, partial(self._end, began)))
        return await asyncio.wrap_future(running)

    async def _wait(self) -> None:
        turns = self._waiting + 1 if self._free.locked() else 0
        if turns and self._expected(turns) > _SURE * self._queue_seconds:
            raise self._refusal()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise self._refusal() from None
        finally:
            self._waiting -= 1
        now = perf_counter()
        if turns:
            self._learn(now - self._last_turn)
        self._last_turn = now

    def _end(self, began: float) -> None:
        self._free.release()
        if not self._waiting:
            self._learn((perf_counter() - began) / self.count)

    def _expected(self, turns: int) -> float:
        """Say how long so many turns will take; one that is overdue shows it before it ends."""
        overdue = perf_counter() - self._last_turn - self._turn_seconds
        return turns * self._turn_seconds + max(0.0, overdue)

    def _learn(self, seconds: float) -> None:
        # From nothing: the first ones, in a cold process, would have all others refused.
        self._turn_seconds += _LATEST * (seconds - self._turn_seconds)

    def _refusal(self) -> Unavailable:
        return overloaded(
            f"no thread is free for the request within {self._queue_seconds:g} s; try again in a "
            "second"
        )

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)


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

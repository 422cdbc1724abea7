"""A few threads for large work, and a queue before them in which nobody waits for long."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from time import perf_counter
from typing import Final, ParamSpec, TypeVar

from service.errors import Unavailable, overloaded

Given = ParamSpec("Given")
Made = TypeVar("Made")

_SURE: Final = 0.8  # of the time that a request may wait: whoever expects more is refused
_LATEST: Final = 0.1  # weight of the latest work in what work usually takes


class Threads:
    """Runs functions in threads; the order is that of the calls."""

    def __init__(self, count: int, queue_seconds: float, name: str) -> None:
        """Prepare, without starting a thread."""
        self.count = count
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._free = asyncio.Semaphore(count)
        self._queue_seconds = queue_seconds
        self._waiting = 0
        self._usual_seconds = 0.0

    async def run(
        self, work: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs
    ) -> Made:
        """Run in a thread; cancelled before it begins, it never runs.

        Raises:
            Unavailable: No thread is free for as long as a request may wait. Whoever can see that
                coming is refused at once.
        """
        await self._wait()
        called = copy_context().run
        running = self._executor.submit(called, self._timed, partial(work, *args, **kwargs))
        loop = asyncio.get_running_loop()
        running.add_done_callback(lambda _: _call(loop, self._free.release))
        return await asyncio.wrap_future(running)

    async def _wait(self) -> None:
        expected = self._waiting * self._usual_seconds / self.count
        if expected > _SURE * self._queue_seconds:
            raise self._refusal()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise self._refusal() from None
        finally:
            self._waiting -= 1

    def _timed(self, work: Callable[[], Made]) -> Made:
        start = perf_counter()
        try:
            return work()
        finally:
            seconds = perf_counter() - start
            self._usual_seconds += _LATEST * (seconds - self._usual_seconds)

    def _refusal(self) -> Unavailable:
        return overloaded(
            f"no thread is free for the picture within {self._queue_seconds:g} s; try again in a "
            "second"
        )

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)

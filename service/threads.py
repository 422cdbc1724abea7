"""A few threads for large work, and a queue before them in which nobody waits for long."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from service.errors import overloaded

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Threads:
    """Runs functions in threads; the order is that of the calls."""

    def __init__(self, count: int, queue_seconds: float, name: str) -> None:
        """Prepare, without starting a thread."""
        self._executor = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._free = asyncio.Semaphore(count)
        self._queue_seconds = queue_seconds

    async def run(
        self, work: Callable[Given, Made], *args: Given.args, **kwargs: Given.kwargs
    ) -> Made:
        """Run in a thread; cancelled before it begins, it never runs.

        Raises:
            Unavailable: No thread was free for as long as a request may wait.
        """
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise overloaded(
                f"no thread was free for the picture within {self._queue_seconds:g} s"
            ) from None
        running = self._executor.submit(copy_context().run, partial(work, *args, **kwargs))
        loop = asyncio.get_running_loop()
        running.add_done_callback(lambda _: _call(loop, self._free.release))
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)

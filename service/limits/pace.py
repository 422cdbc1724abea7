"""Keeps the event loop's turns short, however much small work arrives at once."""

import asyncio
from time import perf_counter
from typing import Final

from service.errors import overloaded

# Of small work in one turn. The probes and whatever else the loop has to do wait no longer.
_SECONDS: Final = 0.005


class Pace:
    """Spreads small work over the turns of the event loop, first come, first served."""

    def __init__(self, queue_seconds: float) -> None:
        """Prepare; whoever would wait longer than `queue_seconds` for a turn is refused."""
        self._queue_seconds = queue_seconds
        self._spent = 0.0

    @property
    def is_over(self) -> bool:
        """Whether what is left should wait for the loop's next turn."""
        return self._spent > _SECONDS

    async def begin(self) -> None:
        """Wait until there is time.

        Raises:
            Unavailable: There was none for as long as a request may wait.
        """
        until = perf_counter() + self._queue_seconds
        while self.is_over:
            await asyncio.sleep(0)
            if perf_counter() > until:
                raise overloaded(f"the request waited for its turn over {self._queue_seconds:g} s")

    def spend(self, seconds: float) -> None:
        """Say how long something took in this turn."""
        if not self._spent:
            asyncio.get_running_loop().call_soon(self._renew)
        self._spent += seconds

    def _renew(self) -> None:
        self._spent = 0.0

"""Small work on the event loop: what arrives in one turn of it, together, and never for long."""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final, Generic, TypeVar

# Of small work in one turn. The probes and whatever else the loop has to do wait no longer.
TURN_SECONDS: Final = 0.005

Item = TypeVar("Item")


class TurnQueue(Generic[Item]):
    """Collects what arrives in one turn of the loop, and processes it when the turn is over.

    One item waits for no other; several wait until the loop has looked once more. What numpy does
    for sixteen pictures takes hardly longer than for one, and sixteen times the same step finds its
    code in the processor's caches, where sixteen requests one after the other would throw out one
    another's.
    """

    def __init__(self, process: Callable[[Sequence[Item], float], int], max_items: int) -> None:
        """Prepare.

        Args:
            process: Is given items in the order of their arrival, and the `perf_counter` at which
                it has to stop; says how many it has done, one at least. The others come again in
                the loop's next turn.
            max_items: Most items in one turn.
        """
        self._process = process
        self._max_items = max_items
        self._items: list[Item] = []

    def put(self, item: Item) -> None:
        """Add an item to those of this turn."""
        if not self._items:
            # Called when the loop has read from every connection that has something.
            asyncio.get_running_loop().call_soon(self._look_again)
        self._items.append(item)

    def _look_again(self) -> None:
        """Wait once more where there are several: others have arrived while they were read."""
        if 1 < len(self._items) < self._max_items:
            asyncio.get_running_loop().call_soon(self._turn)
        else:
            self._turn()

    def _turn(self) -> None:
        done = self._process(self._items[: self._max_items], perf_counter() + TURN_SECONDS)
        del self._items[:done]
        if self._items:
            asyncio.get_running_loop().call_soon(self._turn)


def resolve(future: asyncio.Future[Item], outcome: Item | Exception) -> None:
    """Give a future what is waited for, unless the waiting task was cancelled a moment ago."""
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)

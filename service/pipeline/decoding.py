"""From a request's bytes to what the networks see.

Small work is done on the event loop, where a thread's hop would cost more than the work: together
with whatever else arrives in the same turn. Large work goes to one of a few threads, so that it
does not hold up the loop.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Final

from service.errors import overloaded
from service.limits.threads import MemoryBudget, Threads
from service.observability.telemetry import Telemetry, Trace
from service.pipeline.turns import TurnQueue, resolve
from service.settings import Settings
from vision.decode import (
    Picture,
    decode,
    decode_inspected,
    inspect,
    is_cheap,
    memory_to_decode,
)
from vision.errors import ImageError, UnsupportedType
from vision.input import Input
from vision.preprocess import View, view, view_at_once

_MOST_AT_ONCE: Final = 32  # small pictures in one turn of the loop

Outcome = Sequence[View] | Exception
Sink = Callable[[Sequence["Preparation"]], None]
Owner = Any  # of a sink, who knows what it is


@dataclass(slots=True, eq=False)
class Preparation:
    """An encoded picture that is to be seen by one or several networks."""

    data: bytes  # encoded
    inputs: Sequence[Input]  # of the networks
    sink: Sink
    owner: Owner  # of the sink, to know it again
    trace: Trace  # that its steps are part of
    outcome: Outcome = ()  # a view for each input, or why there is none; the sink is told of it
    arrived: float = field(default_factory=perf_counter)
    task: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """Give it up: large work that has not begun never runs, and the sink is not called."""
        if self.task is not None:
            self.task.cancel()


class Pictures:
    """Decodes and preprocesses pictures."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        """Prepare; the telemetry is told how long each step took."""
        self._limits = settings.limits
        self._queue_seconds = settings.queue_seconds  # for a turn, a thread, or memory
        self.threads = Threads(settings.pool_size, self._queue_seconds, "pictures")
        # All large pictures together take no more than one may.
        self._memory = MemoryBudget(self._limits.max_memory, self._queue_seconds)
        self._telemetry = telemetry
        self._small = TurnQueue(self._see_small, _MOST_AT_ONCE)

    def submit(self, picture: Preparation) -> None:
        """Decode a picture and preprocess it for each of its inputs; its sink has the outcome.

        The sink is called once for all pictures of one turn of the loop that it is given at once.
        """
        if is_cheap(picture.data):
            self._small.put(picture)
        else:
            self._start(picture, partial(self._see, picture))

    async def views(
        self, data: bytes, inputs: Sequence[Input], trace: Trace = None
    ) -> Sequence[View]:
        """Decode one picture once, and preprocess it for each of the inputs.

        Raises:
            UnsupportedType: The bytes are no image of an accepted format.
            Undecodable: The picture is damaged or cut short.
            TooLarge: It has more bytes or pixels than the settings allow.
            Unavailable: It would have had to wait for too long.
        """
        seen: asyncio.Future[Sequence[View]] = asyncio.get_running_loop().create_future()
        picture = Preparation(data, inputs, _resolve, seen, trace)
        self.submit(picture)
        try:
            return await seen
        except asyncio.CancelledError:
            picture.cancel()
            raise

    async def view_each(
        self,
        pictures: Sequence[bytes | UnsupportedType],
        accepted: Input,
        trace: Trace = None,
    ) -> list[View | ImageError]:
        """Decode and preprocess pictures; each that is refused gives its error in its place.

        Only as many at once as there are threads: the others of a large batch do not stand in the
        queue before those of other requests.
        """
        places = asyncio.Semaphore(self.threads.count)

        async def outcome(data: bytes | UnsupportedType) -> View | ImageError:
            if isinstance(data, UnsupportedType):
                return data
            try:
                async with places:
                    [seen] = await self.views(data, (accepted,), trace)
            except ImageError as error:
                return error
            return seen

        return list(await asyncio.gather(*map(outcome, pictures)))

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self.threads.close()

    def _see_small(self, pictures: Sequence[Preparation], until: float) -> int:
        """Decode all, then preprocess all: the same step finds its code in the caches."""
        start = perf_counter()
        latest = start - self._queue_seconds
        decoded: list[Picture | Exception] = []
        traces: list[Trace] = []
        for picture in pictures:
            try:
                if picture.arrived < latest:
                    seconds = self._queue_seconds
                    raise overloaded(f"the request waited for its turn over {seconds:g} s")
                decoded.append(decode(picture.data, self._limits))
                traces.append(picture.trace)
            except Exception as error:  # noqa: BLE001 - it belongs to this picture alone
                decoded.append(error)
            if perf_counter() > until:
                break
        count = len(decoded)
        middle = perf_counter()
        ready: dict[Sink, list[Preparation]] = {}
        seen: list[Trace] = []
        for picture, pixels in zip(pictures, decoded, strict=False):
            if self._preprocess_small(picture, pixels):
                ready.setdefault(picture.sink, []).append(picture)
                if not isinstance(picture.outcome, Exception):
                    seen.append(picture.trace)
        # What is done together has no time of its own; the mean counts as each one's.
        self._telemetry.prepared("preprocess", (perf_counter() - middle) / count, seen)
        self._telemetry.prepared("decode", (middle - start) / count, traces)
        for sink, its_pictures in ready.items():
            sink(its_pictures)
        return count

    def _preprocess_small(self, picture: Preparation, decoded: Picture | Exception) -> bool:
        """Say whether the picture has its outcome; large work for it goes on in a thread."""
        if isinstance(decoded, Exception):
            picture.outcome = decoded
            return True
        seen: list[View] = []
        try:
            for accepted in picture.inputs:
                each = view_at_once(decoded, accepted)
                if each is None:
                    self._start(picture, partial(self._preprocess, picture, decoded))
                    return False
                seen.append(each)
        except Exception as error:  # noqa: BLE001 - it belongs to this picture alone
            picture.outcome = error  # logged where it is delivered
        else:
            picture.outcome = seen
        return True

    def _start(self, picture: Preparation, work: Callable[[], Sequence[View]]) -> None:
        loop = asyncio.get_running_loop()
        picture.task = loop.create_task(self._run_in_thread(picture, work))

    async def _run_in_thread(
        self, picture: Preparation, work: Callable[[], Sequence[View]]
    ) -> None:
        try:
            picture.outcome = await self.threads.run(work)
        except Exception as error:  # noqa: BLE001 - it belongs to this picture alone
            picture.outcome = error  # logged where it is delivered
        picture.sink([picture])

    def _see(self, picture: Preparation) -> Sequence[View]:
        with self._telemetry.preparing("decode", picture.trace):
            structure = inspect(picture.data, self._limits)
            with self._memory.share(memory_to_decode(structure)):
                decoded = decode_inspected(structure)
        return self._preprocess(picture, decoded)

    def _preprocess(self, picture: Preparation, decoded: Picture) -> Sequence[View]:
        with self._telemetry.preparing("preprocess", picture.trace):
            return [view(decoded, accepted) for accepted in picture.inputs]


def _resolve(pictures: Sequence[Preparation]) -> None:
    for picture in pictures:
        resolve(picture.owner, picture.outcome)

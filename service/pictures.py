"""From a request's bytes to what the networks see.

Small work is done at once on the event loop, where a thread's hop would cost more than the work;
large work goes to one of a few threads, so that it holds up nobody.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from artifact.errors import ImageError, UnsupportedType
from artifact.images import Limits, Picture, decode, is_cheap
from artifact.manifest import Input
from artifact.preprocess import View, view, view_at_once
from service.pace import Pace
from service.telemetry import Telemetry
from service.threads import Threads


class Pictures:
    """Decodes and preprocesses pictures."""

    def __init__(
        self, limits: Limits, threads: int, queue_seconds: float, telemetry: Telemetry
    ) -> None:
        """Prepare.

        Args:
            limits: What is refused as too large.
            threads: For large pictures.
            queue_seconds: How long a picture may wait for a thread.
            telemetry: Told how long each step took.
        """
        self._limits = limits
        self._threads = Threads(threads, queue_seconds, "pictures")
        self._telemetry = telemetry
        self.pace = Pace(queue_seconds)

    async def views(self, data: bytes, inputs: Sequence[Input]) -> list[View]:
        """Decode one picture once, and preprocess it for each of the inputs.

        Raises:
            UnsupportedType: The bytes are no image of an accepted format.
            Undecodable: The picture is damaged or cut short.
            TooLarge: It has more bytes or pixels than the settings allow.
            Unavailable: It would have had to wait for too long.
        """
        if not is_cheap(data):
            return await self._threads.run(self._see, data, inputs)
        if self.pace.is_over:
            await self.pace.begin()
        picture = self.decode_small(data)
        views = [self.view_at_once(picture, wanted) for wanted in inputs]
        seen = [each for each in views if each is not None]
        if len(seen) == len(views):
            return seen
        return await self._threads.run(self._preprocess, picture, inputs)

    def decode_small(self, data: bytes) -> Picture:
        """Decode on the event loop what is cheap to decode; raises as `views` does."""
        start = perf_counter()
        picture = decode(data, self._limits)
        seconds = perf_counter() - start
        self.pace.spend(seconds)
        self._telemetry.decode_seconds.add(seconds)
        return picture

    def view_at_once(self, picture: Picture, wanted: Input) -> View | None:
        """Preprocess on the event loop; None where that would hold it up."""
        start = perf_counter()
        seen = view_at_once(picture, wanted)
        seconds = perf_counter() - start
        self.pace.spend(seconds)
        if seen is not None:
            self._telemetry.preprocess_seconds.add(seconds)
        return seen

    async def view_each(
        self, pictures: Sequence[bytes | UnsupportedType], wanted: Input
    ) -> list[View | ImageError]:
        """Decode and preprocess pictures; each that is refused gives its error in its place.

        Only as many at once as there are threads: the others of a large batch do not stand in the
        queue before those of other requests.
        """
        turns = asyncio.Semaphore(self._threads.count)

        async def outcome(data: bytes | UnsupportedType) -> View | ImageError:
            async with turns:
                return await self._view_or_error(data, wanted)

        return list(await asyncio.gather(*map(outcome, pictures)))

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self._threads.close()

    def _see(self, data: bytes, inputs: Sequence[Input]) -> list[View]:
        with self._telemetry.stage("decode"):
            picture = decode(data, self._limits)
        return self._preprocess(picture, inputs)

    def _preprocess(self, picture: Picture, inputs: Sequence[Input]) -> list[View]:
        with self._telemetry.stage("preprocess"):
            return [view(picture, wanted) for wanted in inputs]

    async def _view_or_error(
        self, data: bytes | UnsupportedType, wanted: Input
    ) -> View | ImageError:
        if isinstance(data, UnsupportedType):
            return data
        try:
            return (await self.views(data, [wanted]))[0]
        except ImageError as error:
            return error

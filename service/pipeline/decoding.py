"""From a request's bytes to what the networks see.

Small work is done at once on the event loop, where a thread's hop would cost more than the work;
large work goes to one of a few threads, so that it holds up nobody.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from artifact.predictor import Predictor
from service.limits.pace import Pace
from service.limits.threads import Threads
from service.observability.telemetry import Telemetry
from vision.decode import Limits, Picture, decode, is_cheap
from vision.errors import ImageError, UnsupportedType
from vision.input import Input
from vision.preprocess import View, view, view_at_once


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
        picture, seen = self._see_small(data, inputs)
        if seen is not None:
            return seen
        return await self._threads.run(self._preprocess, picture, inputs)

    def see_at_once(self, data: bytes, wanted: Input) -> View | None:
        """Do on the event loop what is cheap; None where preprocessing would hold it up.

        Raises as `views` does.
        """
        _, seen = self._see_small(data, (wanted,))
        return None if seen is None else seen[0]

    def see_together(self, asked: Sequence[tuple[Predictor, bytes]]) -> list[View | None]:
        """Do the same for the pictures of several requests, step by step.

        None stands for a picture that is refused too: whoever asks for it alone is told why.
        """
        start = perf_counter()
        pictures = [_decoded(data, self._limits) for _, data in asked]
        decoded = perf_counter()
        views = [
            None if picture is None else view_at_once(picture, predictor.manifest.input)
            for picture, (predictor, _) in zip(pictures, asked, strict=True)
        ]
        end = perf_counter()
        self.pace.spend(end - start)
        # What is done together has no time of its own; the mean counts as each one's.
        count = len(asked) or 1
        self._telemetry.decode_seconds.add((decoded - start) / count, len(asked))
        self._telemetry.preprocess_seconds.add((end - decoded) / count, len(asked))
        return views

    def _see_small(self, data: bytes, inputs: Sequence[Input]) -> tuple[Picture, list[View] | None]:
        """Decode what is cheap to decode, and preprocess it if that is cheap for every input."""
        start = perf_counter()
        picture = decode(data, self._limits)
        decoded = perf_counter()
        self._telemetry.decode_seconds.add(decoded - start)
        views = [view_at_once(picture, wanted) for wanted in inputs]
        end = perf_counter()
        self.pace.spend(end - start)
        seen = [each for each in views if each is not None]
        if len(seen) < len(views):
            return picture, None
        self._telemetry.preprocess_seconds.add(end - decoded)
        return picture, seen

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


def _decoded(data: bytes, limits: Limits) -> Picture | None:
    try:
        return decode(data, limits)
    except ImageError:
        return None

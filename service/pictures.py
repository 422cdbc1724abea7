"""From a request's bytes to what the networks see.

Small work is done at once on the event loop, where a thread's hop would cost more than the work;
large work goes to one of a few threads, so that it holds up nobody.
"""

import asyncio
from collections.abc import Sequence

from anyio import CapacityLimiter, to_thread

from artifact.errors import ImageError, UnsupportedType
from artifact.images import Limits, decode, is_cheap
from artifact.manifest import Input
from artifact.preprocess import View, view
from service.telemetry import Telemetry


class Pictures:
    """Decodes and preprocesses pictures."""

    def __init__(self, limits: Limits, threads: int, telemetry: Telemetry) -> None:
        self._limits = limits
        self._threads = CapacityLimiter(threads)
        self._telemetry = telemetry

    async def views(self, data: bytes, inputs: Sequence[Input]) -> list[View]:
        """Decode one picture once, and preprocess it for each of the inputs.

        Raises:
            UnsupportedType: The bytes are no image of an accepted format.
            Undecodable: The picture is damaged or cut short.
            TooLarge: It has more bytes or pixels than the settings allow.
        """
        if is_cheap(data):
            return self._see(data, inputs)
        return await to_thread.run_sync(self._see, data, inputs, limiter=self._threads)

    async def view_each(
        self, pictures: Sequence[bytes | UnsupportedType], wanted: Input
    ) -> list[View | ImageError]:
        """Decode and preprocess pictures; each that is refused gives its error in its place."""
        outcomes = (self._view_or_error(data, wanted) for data in pictures)
        return list(await asyncio.gather(*outcomes))

    def _see(self, data: bytes, inputs: Sequence[Input]) -> list[View]:
        with self._telemetry.stage("decode"):
            picture = decode(data, self._limits)
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

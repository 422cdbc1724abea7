"""Requests that come at their own pace, whether or not earlier ones have been answered."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_PATIENCE: Final = 30.0  # seconds for one answer
_SEPARATOR: Final = b"\r\n\r\n"


@dataclass(frozen=True)
class TimedAnswer:
    """What became of one request.

    Attributes:
        status: Of the answer; None where none came.
        seconds: From the moment at which the request was due.
        late: Seconds by which it was begun after that moment.
        retry_after: Whether the answer says when to come again.
    """

    status: int | None
    seconds: float
    late: float
    retry_after: bool = False


class Arrivals:
    """Posts one body to one address, on as many connections as it takes."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str], body: bytes) -> None:
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._request = "\r\n".join(lines).encode() + _SEPARATOR + body
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def offer(self, per_second: float, seconds: float) -> list[TimedAnswer]:
        """Send that many requests a second for that long, and wait for every answer."""
        began = time.perf_counter()
        requests = []
        for number in range(round(per_second * seconds)):
            due = began + number / per_second
            # Never ahead of time; behind it, no pause, so that the number sent stays right.
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            requests.append(asyncio.create_task(self._ask(due)))
        answers = await asyncio.gather(*requests)
        for _, writer in self._idle:
            writer.close()
        return list(answers)

    async def _ask(self, due: float) -> TimedAnswer:
        late = time.perf_counter() - due
        try:
            async with asyncio.timeout(_PATIENCE):
                status, retry_after = await self._exchange()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return TimedAnswer(None, time.perf_counter() - due, late)
        return TimedAnswer(status, time.perf_counter() - due, late, retry_after)

    async def _exchange(self) -> tuple[int, bool]:
        """Send one request over a connection that is free; keep it where the server does."""
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._request)
            status, headers = _parse_head(await reader.readuntil(_SEPARATOR))
            await reader.readexactly(int(headers.get("content-length", 0)))
        except BaseException:
            writer.close()
            raise
        if headers.get("connection") == "close":
            writer.close()
        else:
            self._idle.append((reader, writer))
        return status, "retry-after" in headers


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status, and the headers by their names in lower case."""
    first, *rest = head.decode("latin-1").strip().split("\r\n")
    pairs = (line.partition(":") for line in rest)
    return int(first.split()[1]), {name.lower(): value.strip().lower() for name, _, value in pairs}

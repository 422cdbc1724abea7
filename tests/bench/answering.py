"""A server in a few lines, whose answers a test decides."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import repeat

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REFUSED = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
CUT_OFF = b""

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Answering:
    """Gives the answers in turn, and keeps the requests: head and body.

    An empty answer closes the connection, and so does one that says so.
    """

    def __init__(self, answers: Iterator[bytes] | None = None) -> None:
        self._answers = answers or repeat(OK)
        self.seen: list[tuple[bytes, bytes]] = []
        self.connections = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                found = _LENGTH.search(head)
                body = await reader.readexactly(int(found[1]) if found else 0)
                self.seen.append((head, body))
                answer = next(self._answers)
                writer.write(answer)
                if not answer or b"Connection: close" in answer:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

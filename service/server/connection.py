"""uvicorn's HTTP connection, which answers plain requests itself.

uvicorn makes a task, two dictionaries and two writes of every request and its answer; for a small
network all of that takes as long as the answer. Reading requests, keeping the connection alive and
everything that is not plain stay uvicorn's, by the same steps as ever.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.errors import Refused
from service.pipeline.express import Express, Request
from service.pipeline.shortcut import failing
from service.server.connections import Connections
from service.server.protocol import HttpProtocol

# Most clients send head and body one after the other; whoever takes longer gets a task, which
# sees to it that the body comes in time.
_GRACE: Final = 0.05
_MOST_HELD: Final = 65_536  # bytes of a body: more is no small picture


class Connection(HttpProtocol):
    """One connection of a client."""

    def __init__(
        self, shared: Connections, expresses: Sequence[Express[Any]], **given: Any
    ) -> None:
        """Prepare; uvicorn gives the rest."""
        super().__init__(shared, **given)
        self._expresses = expresses
        self._express: Express[Any] | None = None
        self._arriving: RequestResponseCycle | None = None
        self._began = 0.0
        self._grace: asyncio.TimerHandle | None = None
        self._taken: _Cycle | None = None
        self._default_headers: list[tuple[bytes, bytes]] | None = None
        self._head = b""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin with a request whose head is there."""
        plain = (
            cycle.more_body  # else it waited for the one before it, and nothing is gained
            and not cycle.waiting_for_100_continue
            and app is self.app
        )
        self._express = self._find(cycle.scope) if plain else None
        if self._express is not None:
            self._arriving, self._began = cycle, perf_counter()
        else:
            super()._start_asgi_task(cycle, app)

    def _find(self, scope: Any) -> Express[Any] | None:
        for express in self._expresses:
            if express.may_take(scope):
                return express
        return None

    def data_received(self, data: bytes) -> None:
        """Read on."""
        super().data_received(data)
        if self._arriving is not None:
            self._go_on(self._arriving)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what the client no longer waits for."""
        super().connection_lost(exc)
        if self._arriving is not None:
            self._start(self._arriving)
        if self._taken is not None:
            self._taken.leave()

    def _go_on(self, cycle: RequestResponseCycle) -> None:
        if self.transport.is_closing() or self.flow.write_paused or len(cycle.body) > _MOST_HELD:
            self._start(cycle)
        elif cycle.more_body:
            if self._grace is None:
                self._grace = self.loop.call_later(_GRACE, self._start, cycle)
        elif self._express is not None:
            self._stop_waiting()
            self._taken = _Cycle(self, cycle, self._began)
            self._express.take(self._taken)

    def _start(self, cycle: RequestResponseCycle) -> None:
        self._stop_waiting()
        self.start(cycle, self.app)

    def _stop_waiting(self) -> None:
        self._arriving = None
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def start(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Leave a request to an application, as if nobody had looked."""
        self._taken = None
        super()._start_asgi_task(cycle, app)

    def finish(self, cycle: RequestResponseCycle, rest: bytes) -> None:
        """Answer a request in one piece: one call of the system, and one packet."""
        self._taken = None
        cycle.response_started = cycle.response_complete = True
        self.transport.write(self._first_lines(cycle) + rest)
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _first_lines(self, cycle: RequestResponseCycle) -> bytes:
        headers = self.server_state.default_headers
        if headers is not self._default_headers:  # another list every second, for the date
            lines = [b"HTTP/1.1 200 OK", *(b": ".join(header) for header in headers), b""]
            self._head, self._default_headers = b"\r\n".join(lines), headers
        return self._head if cycle.keep_alive else self._head + b"connection: close\r\n"


class _Cycle(Request):
    """A request and where its answer goes."""

    __slots__ = ("_connection", "_cycle")

    def __init__(self, connection: Connection, cycle: RequestResponseCycle, began: float) -> None:
        super().__init__(cycle.scope, bytes(cycle.body), began)
        self._connection = connection
        self._cycle = cycle

    def answer(self, rest: bytes) -> None:
        self._connection.finish(self._cycle, rest)

    def hand_over(self, refusal: Refused | None = None) -> None:
        app = self._connection.app
        self._connection.start(self._cycle, app if refusal is None else _refusing(app, refusal))


def _refusing(app: Any, refusal: Refused) -> ASGIApp:
    async def refuse(scope: Scope, _receive: Receive, send: Send) -> None:
        await app(scope, failing(refusal), send)

    return refuse

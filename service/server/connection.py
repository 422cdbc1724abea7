"""An HTTP connection with a fast path: small requests for predictions are answered on it.

uvicorn makes a task, two dictionaries and two writes of every request and its answer; for a small
network all of that takes as long as the answer. Reading requests, keeping the connection alive and
all other requests stay the protocol's.
"""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.browser_headers import LINES
from service.server.connections import Connections
from service.server.fast_path import FastPath, FastRequest
from service.server.lifetime import Untyped
from service.server.protocol import HttpProtocol

# Most clients send head and body one after the other; a body that takes longer gets a task, which
# sees to it that it comes in time.
_GRACE_SECONDS: Final = 0.05
_MOST_BODY_BYTES: Final = 65_536  # more is no small picture


class Connection(HttpProtocol):
    """One connection of a client."""

    def __init__(self, shared: Connections, fast_path: FastPath, **options: Untyped) -> None:
        """Prepare; the options are uvicorn's."""
        super().__init__(shared, **options)
        self._fast_path = fast_path
        self._arriving: FastRequest | None = None  # its body is not there yet
        self._answering: FastRequest | None = None
        self._grace: asyncio.TimerHandle | None = None
        self._default_headers: list[tuple[bytes, bytes]] | None = None
        self._head = b""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Untyped) -> None:
        """Begin with a request whose head is there."""
        begun = self._fast_path.begin(cycle.scope)
        if begun is None:
            super()._start_asgi_task(cycle, app)
        elif not cycle.more_body or cycle.waiting_for_100_continue:
            # A whole one waited for the one before it, and nothing is gained.
            self._fast_path.count("expect-continue" if cycle.more_body else "pipelined")
            super()._start_asgi_task(cycle, app)
        else:
            endpoint, route = begun
            record = self._fast_path.record(cycle.scope, route)
            self._arriving = FastRequest(self, cycle, endpoint, record)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        super().data_received(data)
        if self._arriving is not None:
            self._go_on(self._arriving)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up the requests whose client has left."""
        super().connection_lost(exc)
        if self._arriving is not None:
            self._leave("client-left")
        if self._answering is not None:
            self._fast_path.leave(self._answering)
            self._answering = None

    def _go_on(self, request: FastRequest) -> None:
        cycle = request.cycle
        if self.transport.is_closing() or self.flow.write_paused:
            self._leave("unread-answer")
        elif len(cycle.body) > _MOST_BODY_BYTES:
            self._leave("large-body")
        elif cycle.more_body:
            if self._grace is None:
                self._grace = self.loop.call_later(_GRACE_SECONDS, self._leave, "slow-body")
        else:
            self._stop_waiting()
            self._answering = request
            self._fast_path.answer(request, bytes(cycle.body))

    def _leave(self, reason: str) -> None:
        request = self._arriving
        self._stop_waiting()
        if request is not None:
            self._fast_path.fall_back(request, reason)

    def _stop_waiting(self) -> None:
        self._arriving = None
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    def fall_back(self, cycle: RequestResponseCycle, error: Exception | None) -> None:
        """Leave a request to the application, which words the error if there is one."""
        self._answering = None
        app: Untyped = self.app if error is None else _refusing(self.app, error)
        super()._start_asgi_task(cycle, app)

    def finish(self, cycle: RequestResponseCycle, rest: bytes) -> None:
        """Answer with status 200, in one piece: the last headers, an empty line, the body."""
        self._answering = None
        cycle.response_started = cycle.response_complete = True
        self.transport.write(self._first_lines(cycle) + rest)
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _first_lines(self, cycle: RequestResponseCycle) -> bytes:
        headers = self.server_state.default_headers
        if headers is not self._default_headers:  # another list every second, for the date
            lines = [b"HTTP/1.1 200 OK", *(b": ".join(header) for header in headers), LINES]
            self._head, self._default_headers = b"\r\n".join(lines), headers
        return self._head if cycle.keep_alive else self._head + b"connection: close\r\n"


def _refusing(app: Untyped, error: Exception) -> ASGIApp:
    """Have the route meet an error where it reads the body, so that it words it."""

    async def refuse(scope: Scope, _receive: Receive, send: Send) -> None:
        async def receive_error() -> Untyped:
            raise error

        await app(scope, receive_error, send)

    return refuse

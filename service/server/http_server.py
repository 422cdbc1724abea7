"""uvicorn, with an end that a load balancer can follow and that loses no request."""

import asyncio
import gc
import logging
import signal
import socket
from functools import partial
from math import inf
from time import monotonic
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

from service.server.connection import Connection
from service.server.connections import Connections
from service.server.fast_path import FastPath, PredictEndpoint
from service.server.footprint import give_back_library_pages, return_large_blocks
from service.server.lifetime import Untyped
from service.server.protocol import HttpProtocol
from service.server.sockets import HOLDS_BACK, has_waiting, open_no_more
from service.server.uvicorn_internals import missing_internals
from service.settings import Settings
from service.state import Service
from service.v2.infer import InferEndpoint

# In which a client's last step of opening a connection arrives, and what it asks is accepted.
_HANDSHAKE_SECONDS: Final = 0.1
_QUEUE_SECONDS: Final = 1
# What uvicorn has in the end to close connections and cancel tasks.
_LAST_SECONDS: Final = 1

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Serves one app until it is told to stop.

    The first signal makes the service not ready and starts the shutdown delay. From then on each
    answer ends its connection. After the delay no connection is opened any more; those that the
    kernel has opened are accepted, what is open is answered, and a connection that is idle may be
    used once more: its client may have sent a request already. All that ends with the shutdown
    timeout at the latest.

    The second signal ends the delay, an interrupt the waiting for idle connections, and one more
    interrupt the open requests too.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._service: Service = app.state.service
        self._connections = Connections(settings, self._service.telemetry.refused)
        super().__init__(_config(app, settings, self._connections))
        self._delay = settings.shutdown_delay
        self._timeout = settings.shutdown_timeout
        self._stop_at = inf
        self._interrupted = False
        self._is_listening = True
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models and listen."""
        self._loop = asyncio.get_running_loop()
        if not HOLDS_BACK:
            log.info("not on Linux: a connection that is opened during a shutdown may be lost")
        await super().startup(sockets)
        # What is there now stays: to look through it again and again would hold requests up.
        gc.collect()
        gc.freeze()
        give_back_library_pages()
        return_large_blocks()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Stop, step by step."""
        if sig == signal.SIGINT:
            self.force_exit = self.force_exit or (self._interrupted and self._is_late())
            self._interrupted = True
        self.stop(0 if self.is_stopping() else self._delay)

    def stop(self, delay: float = 0) -> None:
        """Begin to stop; after a delay, in seconds, no connection is opened any more."""
        self._stop_at = min(self._stop_at, monotonic() + delay)
        self._service.draining = self._connections.draining = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._drain)

    def is_stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self._stop_at < inf

    async def on_tick(self, counter: int) -> bool:
        """Say whether it is time to stop."""
        if self._is_late():
            if self._is_listening:
                await self._stop_listening()
            # Only ever set: a signal may come between reading a flag and writing it back.
            self.should_exit = self.should_exit or self._has_waited_enough()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the connections that are left, and the app."""
        left = self._stop_at + self._timeout - monotonic() if self.is_stopping() else 0
        self.config.timeout_graceful_shutdown = max(_LAST_SECONDS, round(left))
        await super().shutdown(sockets)

    def answers_queue(self) -> bool:
        """Whether no other process accepts the connections that wait when this one stops."""
        return True

    def _drain(self) -> None:
        for connection in self.server_state.connections:
            if isinstance(connection, HttpProtocol):
                connection.drain()

    async def _stop_listening(self) -> None:
        self._is_listening = False
        listeners = [sock.fileno() for server in self.servers for sock in server.sockets]
        if self.answers_queue():
            await _accept_the_last(listeners)
        for server in self.servers:
            server.close()

    def _is_late(self, seconds: float = 0) -> bool:
        return monotonic() >= self._stop_at + seconds

    def _has_waited_enough(self) -> bool:
        is_quiet = not (self.server_state.connections or self.server_state.tasks)
        return is_quiet or self._interrupted or self._is_late(self._timeout - _LAST_SECONDS)


async def _accept_the_last(listeners: list[int]) -> None:
    """Have no connection opened any more, and the event loop accept those that are open."""
    for listener in listeners:
        open_no_more(listener)
    end = monotonic() + _QUEUE_SECONDS
    await asyncio.sleep(_HANDSHAKE_SECONDS)
    while any(map(has_waiting, listeners)) and monotonic() < end:
        await asyncio.sleep(_HANDSHAKE_SECONDS / 10)


def fast_path_of(service: Service) -> FastPath:
    """Make the fast path of a service."""
    return FastPath(service, (PredictEndpoint(service), InferEndpoint(service)))


def _protocol(service: Service, connections: Connections) -> Untyped:
    """Make what uvicorn calls for each connection; its annotation asks for a class."""
    missing = missing_internals()
    service.telemetry.own_connections(not missing)
    if missing:
        names = ", ".join(missing)
        log.warning(
            "no fast path, no limits of heads: uvicorn %s lacks %s", uvicorn.__version__, names
        )
        return "auto"
    return partial(Connection, connections, fast_path_of(service))


def _config(app: FastAPI, settings: Settings, connections: Connections) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,  # the line of a request is ours, with what a model answered
        server_header=False,
        http=_protocol(app.state.service, connections),
        ws="none",
        timeout_keep_alive=settings.keep_alive_seconds,  # type: ignore[arg-type]  # parts of a second do, too
    )

"""uvicorn, with an end that a load balancer can follow."""

import gc
import signal
import socket
from functools import partial
from importlib.util import find_spec
from math import inf
from time import monotonic
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from service.observability.record import RequestIds
from service.pipeline.express import Express
from service.pipeline.predict_express import PredictExpress
from service.server.footprint import give_back_library_pages
from service.settings import Settings
from service.state import Service
from service.v2.express import InferExpress


class Server(uvicorn.Server):
    """Serves one app until it is told to stop.

    The first signal makes the service not ready and starts the shutdown delay, in which requests
    are still answered; the second one ends the delay, and an interrupt after that ends the open
    requests too.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(_config(app, settings))
        self._service: Service = app.state.service
        self._delay = settings.shutdown_delay
        self._stop_at = inf

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models and listen."""
        await super().startup(sockets)
        # What is there now stays: to look through it again and again would hold requests up.
        gc.collect()
        gc.freeze()
        give_back_library_pages()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop, step by step."""
        if self.should_exit:
            self.force_exit = self.force_exit or sig == signal.SIGINT
        elif self._service.draining or not self._delay:
            self.should_exit = True
        else:
            self._stop_at = monotonic() + self._delay
        self._service.draining = True

    async def on_tick(self, counter: int) -> bool:
        """Say whether it is time to stop."""
        # Only ever set: a signal may come between reading a flag and writing it back.
        if monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)


def _connections(service: Service) -> Any:
    """Choose what reads requests: uvicorn's own, or ours where its parser in C is installed."""
    watched = service.settings.access_log or service.settings.tracing  # each request, by its task
    if watched or find_spec("httptools") is None:
        return "auto"
    from service.server.connection import Connection  # noqa: PLC0415 - imports httptools

    return partial(Connection, expresses_of(service))


def expresses_of(service: Service) -> list[Express[Any]]:
    """Make what answers the plain requests of a service."""
    ids = RequestIds()
    return [PredictExpress(service, ids), InferExpress(service, ids)]


def _config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,  # the line of a request is ours, with what a model answered
        server_header=False,
        http=_connections(app.state.service),
        timeout_graceful_shutdown=settings.shutdown_timeout,
    )

"""What happens when a server starts the app, and how it is told that this failed."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import cv2
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artifact.datasets import Datasets
from artifact.runtimes.table import missing_runtimes
from artifact.study import Studies
from service.loader import BrokenArtifacts, load_models
from service.state import Service
from vision.errors import TandemError

log = logging.getLogger(__name__)


def loading(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Make the lifespan that loads the models, and stops being ready when the server stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _complete_routes(app)
        cv2.setNumThreads(1)  # requests are what runs side by side, not the rows of one picture
        broken = BrokenArtifacts(strict=service.settings.strict)
        service.studies = Studies.scan(service.settings.studies_dir, broken.note)
        service.datasets = Datasets.scan(service.settings.models_dir, broken.note)
        service.models = load_models(service.settings, broken)
        service.telemetry.count_broken(len(broken))
        for runtime, why in missing_runtimes().items():
            log.info("not serving %s: it %s", runtime, why)
        default = service.models.default if not service.models.nothing else "nothing"
        log.info("ready; %s answers by default; documentation at /docs", default)
        async with service.telemetry.flushing():
            yield
        service.draining = True
        if service.tracing is not None:
            await asyncio.to_thread(service.tracing.close)
        service.inference.close()
        service.pictures.close()
        service.infer.close()

    return lifespan


def _complete_routes(app: FastAPI) -> None:
    """Have FastAPI complete its routes now; it would while the first request waits, and others."""
    nowhere = {"type": "http", "method": "GET", "path": "/nowhere", "root_path": "", "headers": []}
    for route in app.routes:
        route.matches(nowhere)


def with_plain_failure(app: ASGIApp) -> ASGIApp:
    """Tell the server of a foreseen failure to start in its own words.

    Starlette would hand it the whole traceback.
    """

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_plainly(message: Message) -> None:
            error = sys.exception()
            if message["type"] == "lifespan.startup.failed" and isinstance(error, TandemError):
                message = {**message, "message": f"Cannot start: {error}"}
            await send(message)

        await app(scope, receive, send_plainly if scope["type"] == "lifespan" else send)

    return run

"""A service whose one network is slow, and requests to it without a socket."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from inspect import Signature, signature
from typing import Any

from fastapi import FastAPI

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits, Runtime
from service.app import create_app
from service.registry import ModelRegistry
from service.settings import Settings

LIMIT = 6  # requests inside at once, in tests that are `served`
LARGE = 100_000_000  # multiply-accumulates: more than the event loop is held up for


class Slow:
    """A runtime that takes its time, or waits until it is let go, and remembers its batches."""

    def __init__(self, runtime: Runtime, seconds: float) -> None:
        self.batches: list[int] = []
        self.go = threading.Event()
        self.input_name, self.output_name = runtime.input_name, runtime.output_name
        self._runtime = runtime
        self._seconds = seconds

    def run(self, batch: Batch) -> Logits:
        self.batches.append(len(batch))
        if self._seconds:
            time.sleep(self._seconds)
        else:
            assert self.go.wait(20)
        return self._runtime.run(batch)


@asynccontextmanager
async def slow_service(
    settings: Settings, seconds: float = 0, **changes: object
) -> AsyncIterator[tuple[FastAPI, Slow]]:
    """Serve `known` alone: each batch takes those seconds, or until `go` is set."""
    changed = settings.model_copy(
        update={"runtimes": ("onnx",), "worker_threads": 1, "max_batch": 4, **changes}
    )
    app = create_app(changed)
    async with app.router.lifespan_context(app):
        service = app.state.service
        model = service.models.get("known")
        predictor = model.predictor("onnx")
        slow = Slow(predictor._runtime, seconds)  # noqa: SLF001 - the real one, slowed down
        architecture = model.manifest.architecture.model_copy(update={"macs": LARGE})
        manifest = model.manifest.model_copy(update={"architecture": architecture})
        slowed = Predictor(manifest, "onnx", slow)
        service.models = ModelRegistry([replace(model, predictors={"onnx": slowed})], "known")
        try:
            yield app, slow
        finally:
            slow.go.set()


def served(
    seconds: float = 0, **changes: object
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Make a test of a coroutine that takes the service, its network, and fixtures."""

    def decorate(work: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        def test(settings: Settings, **fixtures: object) -> None:
            async def go() -> None:
                limited = {"max_in_flight": LIMIT, **changes}
                async with slow_service(settings, seconds, **limited) as (app, slow):
                    await work(app, slow, **fixtures)

            asyncio.run(asyncio.wait_for(go(), 60))

        own, given = signature(test).parameters["settings"], [*signature(work).parameters.values()]
        test.__signature__ = Signature([own, *given[2:]])  # type: ignore[attr-defined]  # pytest reads it
        test.__doc__, test.__name__ = work.__doc__, work.__name__
        return test

    return decorate


@dataclass
class Sent:
    """One request: what was asked of it and what was answered."""

    messages: Sequence[dict[str, Any]]
    leaves: asyncio.Event = field(default_factory=asyncio.Event)
    lingers: float = 0  # seconds from the answer, with which the client leaves, to the end
    received: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def receive(self) -> dict[str, Any]:
        if self.received < len(self.messages):
            self.received += 1
            return self.messages[self.received - 1]
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self.body += message.get("body", b"")
            if self.lingers:
                self.leaves.set()
                await asyncio.sleep(self.lingers)


def body(*chunks: bytes, ends: bool = True) -> list[dict[str, Any]]:
    return [
        {"type": "http.request", "body": chunk, "more_body": i < len(chunks) - 1 or not ends}
        for i, chunk in enumerate(chunks)
    ]


def post(
    app: FastAPI,
    messages: Sequence[dict[str, Any]],
    path: str = "/predict",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> tuple[Sent, asyncio.Task[None]]:
    """Start a request; the task ends with its answer."""
    sent = Sent(messages)
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": list(headers),
    }
    return sent, asyncio.ensure_future(app(scope, sent.receive, sent.send))


async def until(condition: Any) -> None:
    """Let the loop go on until something holds."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to pass")

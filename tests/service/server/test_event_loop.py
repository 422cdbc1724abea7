"""Whatever one request holds, no other waits for it: each step on the event loop is short."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPResponse

import pytest
from pydantic import SecretStr

from service.server.http_server import Server
from service.settings import Settings
from tests.service.server.heavy_requests import (
    ADDRESSES,
    FORMS,
    PICTURES,
    V2,
    get,
    routes,
)
from tests.service.v2.server import PATIENCE, Served, serving
from tests.test_published_models import MODELS, ROOT

LONGEST = 0.05  # seconds
TICK = 0.001
ATTEMPTS = 5


class Watched(Server):
    """A server that knows how long its event loop was kept from going on."""

    held = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            began, spent = time.perf_counter(), time.process_time()
            await asyncio.sleep(TICK)
            # The load of other programs makes the wait longer, but not our processor time.
            wait = min(time.perf_counter() - began - TICK, time.process_time() - spent)
            self.held = max(self.held, wait)


@pytest.fixture(scope="module")
def watched() -> Iterator[Served]:
    """The published models with the default limits."""
    settings = Settings(
        models_dir=MODELS,
        studies_dir=ROOT / "studies",
        runtimes=("onnx", "onnx-int8"),
        admin_token=SecretStr("token"),
    )
    with serving(settings, Watched) as served:
        yield served


def send(served: Served, request: bytes) -> tuple[int, bytes]:
    host, port = served.address.split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        with suppress(ConnectionError):  # refused early
            connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.read()


def seconds_held(served: Served, request: bytes) -> float:
    """Send a request and say how long it held the event loop at most."""
    assert isinstance(served.server, Watched)
    time.sleep(10 * TICK)
    served.server.held = 0.0
    status, _ = send(served, request)
    time.sleep(10 * TICK)
    assert status < 500 or status == 503
    return served.server.held


def assert_holds_nobody_up(served: Served, request: bytes) -> None:
    held = [seconds_held(served, request)]
    while min(held) >= LONGEST and len(held) < ATTEMPTS:
        held.append(seconds_held(served, request))
    assert min(held) < LONGEST


HEAVY = {**V2, **FORMS, **PICTURES, **ADDRESSES}


@pytest.mark.parametrize("make", HEAVY.values(), ids=HEAVY)
def test_heavy_request_holds_nobody_up(watched: Served, make: Callable[[], bytes]) -> None:
    assert_holds_nobody_up(watched, make())


def test_no_get_route_holds_anybody_up(watched: Served) -> None:
    first = seconds_held(watched, get("/openapi.json"))
    assert first < LONGEST, "it is made now"
    for path in ("/docs", "/", "/metrics"):
        assert_holds_nobody_up(watched, get(path))
    document = json.loads(send(watched, get("/openapi.json"))[1])
    studies = json.loads(send(watched, get("/studies"))[1])["studies"]
    for request in routes(document, [study["name"] for study in studies]):
        assert_holds_nobody_up(watched, request)


def test_probe_notices_what_holds_the_loop(watched: Served) -> None:
    def hold() -> None:
        until = time.process_time() + 2 * LONGEST
        while time.process_time() < until:
            pass

    loop = watched.server.servers[0].get_loop()
    loop.call_soon_threadsafe(hold)
    assert seconds_held(watched, get("/health/live")) > LONGEST

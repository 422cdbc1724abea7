"""The service on a loopback port of this process, for clients that speak to a socket."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn

from service.app import create_app
from service.server.http_server import Server
from service.settings import Settings
from service.state import Service

PATIENCE = 30


@dataclass(frozen=True)
class Served:
    address: str
    service: Service
    server: Server

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=PATIENCE)

    def post(
        self,
        path: str,
        content: bytes | Iterator[bytes] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return httpx.post(self.url + path, content=content, headers=headers, timeout=PATIENCE)


@contextmanager
def serving(settings: Settings, kind: type[Server] = Server) -> Iterator[Served]:
    app = create_app(settings)
    server = kind(app, settings.model_copy(update={"port": 0}))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Served(f"127.0.0.1:{_port(server)}", app.state.service, server)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


def _port(server: uvicorn.Server) -> int:
    end = time.monotonic() + PATIENCE
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port

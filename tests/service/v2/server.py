"""The service on a loopback port of this process, for clients that speak to a socket."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from service.app import create_app
from service.server.http_server import Server
from service.settings import Settings
from service.state import Service
from tests.service.process import wait_until

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
        wait_until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Served(f"127.0.0.1:{port}", app.state.service, server)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()

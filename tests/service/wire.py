"""One client's connection to a service in this process, byte for byte."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.app import create_app
from service.server.connection import Connection
from service.server.connections import Connections
from service.server.http_server import fast_path_of
from service.settings import Settings
from tests.service.slow import until

Seen = tuple[int, list[tuple[str, str]], bytes]


class Wire(asyncio.Transport):
    """What a server writes to, and can close."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False
        self.paused = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True

    def write_eof(self) -> None:
        self.closed = True

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)


class Client:
    """Sends to one connection, and reads what came back."""

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self.wire = Wire()
        self.protocol = protocol
        protocol.connection_made(self.wire)

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.protocol.data_received(piece)

    def leave(self) -> None:
        self.protocol.connection_lost(None)

    def answers(self) -> list[httpx.Response]:
        """Every answer whose end is there."""
        return list(_answers(b"".join(self.wire.writes)))

    async def answer(self) -> httpx.Response:
        """Wait for the first answer."""
        await until(self.answers)
        return self.answers()[0]


class Listening:
    """Accepts connections for an app as `service.server.http_server` does, or as uvicorn does."""

    def __init__(self, app: FastAPI, *, alone: bool = False) -> None:
        """Prepare; `alone`, nothing reaches the app."""
        self._config = uvicorn.Config(_teapot if alone else app, log_config=None, access_log=False)
        self._config.load()
        self.state = ServerState()
        self.state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
        self._fast_path = fast_path_of(app.state.service)
        self.connections = Connections(Settings(), app.state.service.telemetry.refused)

    def connect(self) -> Client:
        return Client(Connection(self.connections, self._fast_path, **self._given()))

    def connect_plainly(self) -> Client:
        return Client(HttpToolsProtocol(**self._given()))

    def _given(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        return {
            "config": self._config,
            "server_state": self.state,
            "app_state": {},
            "_loop": loop,
        }


def seen(answer: httpx.Response) -> Seen:
    """All of an answer but the id, which no two share."""
    headers = [item for item in answer.headers.multi_items() if item[0] != "x-request-id"]
    return answer.status_code, headers, answer.content


def answer_each_way(
    settings: Settings, requests: Mapping[str, tuple[str, dict[str, Any]]]
) -> dict[str, tuple[Seen, Seen, int]]:
    """Of every request: our connection's answer, uvicorn's, and the status of ours without app."""

    async def ask(client: Client, name: str) -> Seen:
        client.send(as_bytes(*requests[name]))
        return seen(await client.answer())

    async def go() -> dict[str, tuple[Seen, Seen, int]]:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            both, alone = Listening(app), Listening(app, alone=True)
            return {
                name: (
                    await ask(both.connect(), name),
                    await ask(both.connect_plainly(), name),
                    (await ask(alone.connect(), name))[0],
                )
                for name in requests
            }

    return asyncio.run(go())


def as_bytes(path: str, request: dict[str, Any]) -> bytes:
    """Write a request as a client would, `request` being what httpx takes."""
    built = httpx.Request("POST", f"http://localhost{path}", **request)
    lines = [b"POST " + built.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in built.headers.raw]
    return b"\r\n".join([*lines, b"", built.read()])


async def _teapot(scope: Scope, _receive: Receive, send: Send) -> None:
    assert scope["type"] == "http"
    await send(
        {"type": "http.response.start", "status": 418, "headers": [(b"content-length", b"0")]}
    )
    await send({"type": "http.response.body"})


def _answers(written: bytes) -> Iterator[httpx.Response]:
    while written:
        head, found, rest = written.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
        length = int(dict(headers).get(b"content-length", b"0"))
        if not found or len(rest) < length:
            return
        yield httpx.Response(int(first.split()[1]), headers=headers, content=rest[:length])
        written = rest[length:]

"""An application that answers with what it was asked, behind connections of our own."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from service.server.connections import Connections
from service.server.protocol import HttpProtocol
from service.settings import Settings

PATIENCE = 20


@dataclass
class Echo:
    """Where it listens, what it has refused by kind, and what it was asked, in order."""

    port: int
    loop: asyncio.AbstractEventLoop
    connections: Connections
    state: ServerState
    refused: list[str]
    paths: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def connect(self) -> socket.socket:
        return connect(self.port)

    def ask(self, *pieces: bytes) -> list[dict[str, Any]]:
        """Send, and give every answer until the server ends the connection."""
        return ask(self.port, *pieces)

    def call(self, function: Callable[[], object]) -> None:
        """Have the event loop call a function."""
        self.loop.call_soon_threadsafe(function)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what was asked; `/wait...` after `go`, `/large` with eight megabytes."""
        self.paths.append(scope["path"])
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        if scope["path"].startswith("/wait"):
            await self.go.wait()
        text = self._text(scope, body)
        length = (b"content-length", str(len(text)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": text})

    def _text(self, scope: Scope, body: bytes) -> bytes:
        if scope["path"] == "/large":
            return bytes(8_000_000)
        headers = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
        asked = {"method": scope["method"], "path": scope["path"], "body": body.decode("latin-1")}
        return json.dumps({**asked, "headers": headers}).encode()


@contextmanager
def echo(keep_alive: float = 75, **limits: Any) -> Iterator[Echo]:
    """Serve from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    made = asyncio.run_coroutine_threadsafe(_serve(keep_alive, limits), loop).result(PATIENCE)
    app, server = made
    try:
        yield app
    finally:
        asyncio.run_coroutine_threadsafe(_end(server, app.state), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


async def _serve(keep_alive: float, limits: dict[str, Any]) -> tuple[Echo, asyncio.Server]:
    loop = asyncio.get_running_loop()
    refused: list[str] = []
    connections = Connections(Settings(**limits), refused.append)
    app = Echo(0, loop, connections, ServerState(), refused)
    config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="off")
    config.timeout_keep_alive = keep_alive  # type: ignore[assignment]  # a float will do
    config.load()

    def protocol() -> HttpProtocol:
        return HttpProtocol(connections, config=config, server_state=app.state, app_state={})

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    app.port = server.sockets[0].getsockname()[1]
    return app, server


async def _end(server: asyncio.Server, state: ServerState) -> None:
    server.close()
    for connection in list(state.connections):
        connection.transport.abort()
    for task in list(state.tasks):
        task.cancel()
    await asyncio.sleep(0.05)


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def ask(port: int, *pieces: bytes) -> list[dict[str, Any]]:
    """Send, and give every answer until the server ends the connection."""
    with connect(port) as client:
        for piece in pieces:
            client.sendall(piece)
        return answers(read_to_the_end(client))


def read_to_the_end(client: socket.socket, quiet: float = PATIENCE) -> bytes:
    """Read until the server ends the connection, or says nothing for so many seconds."""
    client.settimeout(quiet)
    read = b""
    try:
        while data := client.recv(65_536):
            read += data
    except TimeoutError:
        pass
    return read


def read_answer(client: socket.socket) -> dict[str, Any]:
    """Read one answer to its end."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += client.recv(65_536)
    length = int(answers(read)[0]["headers"].get("content-length", 0))
    while len(read.partition(b"\r\n\r\n")[2]) < length:
        read += client.recv(65_536)
    return answers(read)[0]


def answers(read: bytes) -> list[dict[str, Any]]:
    """Every answer: its status, its headers, and its body, if that is JSON."""
    found = []
    while read:
        head, _, rest = read.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        length = int(headers.get("content-length", 0))
        body, read = rest[:length], rest[length:]
        found.append(
            {
                "status": int(first.split()[1]),
                "headers": headers,
                "json": json.loads(body) if len(body) == length and body.startswith(b"{") else None,
            }
        )
    return found

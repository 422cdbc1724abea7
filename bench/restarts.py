"""Restarts under load: whether every request that was sent is answered.

Clients ask without a break while the service is told to stop and is started again, either itself or
one of two behind nginx or haproxy. Most keep their connection, some open one for each request. A
client that is refused a connection has sent nothing, and tries again.

python -m bench.restarts [--through nginx] [--delay 2] [--workers 2] [--restarts 20]
                         [--requests 100000] [--clients 16]
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import uvloop

from bench.serving.running.processes import free_port

_ROOT: Final = Path(__file__).parent.parent
_START_SECONDS: Final = 60.0
_ANSWER_SECONDS: Final = 30.0
_BALANCER_SECONDS: Final = 2.5  # nginx counts whole seconds until it tries an instance again
_NEW_EACH_TIME: Final = 4  # one client in so many opens a connection for each request
_SHOWN: Final = 60  # bytes of what is told in place of an answer
_ANSWERED: Final = "answered"
_REFUSED: Final = "refused a connection"  # nothing was sent
_NGINX: Final = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
  fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  upstream tandem {{
    server 127.0.0.1:{first} max_fails=1 fail_timeout=1s;
    server 127.0.0.1:{second} max_fails=1 fail_timeout=1s;
    keepalive 32;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://tandem; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""
_HAPROXY: Final = """
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  option redispatch
frontend front
  bind 127.0.0.1:{port}
  default_backend tandem
backend tandem
  server first 127.0.0.1:{first} check inter 500ms
  server second 127.0.0.1:{second} check inter 500ms
"""


@dataclass
class Outcomes:
    """What came of the requests."""

    counts: Counter[str] = field(default_factory=Counter)
    over: bool = False

    @property
    def answered(self) -> int:
        """Requests that had their answer."""
        return self.counts[_ANSWERED]

    @property
    def lost(self) -> dict[str, int]:
        """Requests that had none, or a wrong one, by what happened."""
        kept = {_ANSWERED, _REFUSED}
        return {outcome: n for outcome, n in self.counts.items() if outcome not in kept}


class Instance:
    """One service, started again and again on the same port."""

    def __init__(self, port: int, variables: Mapping[str, str], log: Path) -> None:
        self._port = port
        self._variables = {**variables, "TANDEM_PORT": str(port)}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it is ready."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "service", cwd=_ROOT, env=self._variables, stderr=log
            )
        end = time.monotonic() + _START_SECONDS
        while not await self._is_ready():
            if self._process.returncode is not None or time.monotonic() > end:
                raise SystemExit(f"the service did not start:\n{self._log.read_text()}")
            await asyncio.sleep(0.05)

    async def stop(self) -> int:
        """Tell it to stop, and give the status with which it ended."""
        assert self._process is not None  # noqa: S101 - started before
        with suppress(ProcessLookupError):
            self._process.terminate()
        return await self._process.wait()

    async def _is_ready(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.write(b"GET /health/ready HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        with suppress(OSError):
            status = (await reader.readline()).split()[1:2]
            writer.close()
            return status == [b"200"]
        return False


def main() -> None:
    """Print what came of the requests; exit with 1 where one was lost."""
    options = _parser().parse_args()
    outcomes, statuses = uvloop.run(_run(options))
    failed = [status for status in statuses if status]
    _say(f"{outcomes.answered:,} answered, lost {outcomes.lost or 0}, statuses not 0: {failed}")
    sys.exit(1 if outcomes.lost or failed else 0)


async def _run(options: argparse.Namespace) -> tuple[Outcomes, list[int]]:
    outcomes, statuses = Outcomes(), list[int]()
    async with _serving(options) as (port, instances):
        clients = [
            asyncio.create_task(_ask(port, seed, outcomes)) for seed in range(options.clients)
        ]
        began = time.monotonic()
        for number in range(1, options.restarts + 1):
            instance = instances[number % len(instances)]
            while outcomes.answered < options.requests * number / (options.restarts + 1):
                await asyncio.sleep(0.01)
            statuses.append(await instance.stop())
            await instance.start()
            await asyncio.sleep(_BALANCER_SECONDS if len(instances) > 1 else 0)
            left = (time.monotonic() - began) / number * (options.restarts - number)
            _say(
                f"restart {number} of {options.restarts}: {outcomes.answered:,} answered, "
                f"lost {outcomes.lost or 0}, {left:.0f} s left"
            )
        while outcomes.answered < options.requests:
            await asyncio.sleep(0.01)
        outcomes.over = True
        await asyncio.gather(*clients)
    return outcomes, statuses


@asynccontextmanager
async def _serving(options: argparse.Namespace) -> AsyncIterator[tuple[int, Sequence[Instance]]]:
    """Start what the clients ask: a service, or a balancer before two of them."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # a balancer may change its user
        variables = {
            "PATH": "/usr/bin:/bin",
            "TANDEM_RUNTIMES": "onnx",
            "TANDEM_LOG_LEVEL": "warning",
            "TANDEM_SHUTDOWN_DELAY": str(options.delay),
            "TANDEM_WORKERS": str(options.workers),
            "TANDEM_QUEUE_SECONDS": "30",  # a busy machine sheds no load: that is no lost request
        }
        ports = [free_port() for _ in range(3)]
        behind = ports[:2] if options.through else ports[:1]
        instances = [Instance(port, variables, folder / f"{port}.log") for port in behind]
        for instance in instances:
            await instance.start()
            stack.push_async_callback(instance.stop)
        if options.through:
            process = await _balance(options.through, folder, ports)
            stack.push_async_callback(process.wait)
            stack.callback(process.terminate)
            await asyncio.sleep(_BALANCER_SECONDS)
        yield ports[2] if options.through else ports[0], instances


async def _balance(name: str, folder: Path, ports: Sequence[int]) -> asyncio.subprocess.Process:
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if program is None:
        raise SystemExit(f"{name} is not installed")
    first, second, port = ports
    if name == "nginx":
        template, arguments = _NGINX, ["-p", str(folder), "-c"]
    else:
        template, arguments = _HAPROXY, ["-f"]
    config = folder / name
    config.write_text(template.format(folder=folder, first=first, second=second, port=port))
    return await asyncio.create_subprocess_exec(
        program, *arguments, config, stderr=asyncio.subprocess.DEVNULL
    )


async def _ask(port: int, seed: int, outcomes: Outcomes) -> None:
    """Be a client until it is over."""
    choice = random.Random(seed)
    request = _request(choice)
    keeps = seed % _NEW_EACH_TIME > 0
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while not outcomes.over:
        if choice.random() < 0.5:  # so that some requests meet an idle connection being ended
            await asyncio.sleep(choice.random() * 0.005)
        if streams is not None and streams[0].at_eof():  # ended before anything was sent
            streams[1].close()
            streams = None
        if streams is None:
            try:
                streams = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                outcomes.counts[_REFUSED] += 1
                await asyncio.sleep(0.01)
                continue
        outcome, stays = await _exchange(*streams, request)
        outcomes.counts[outcome] += 1
        if not stays or not keeps:
            streams[1].close()
            streams = None
    if streams is not None:
        streams[1].close()


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[str, bool]:
    """Send one request; give what came of it, and whether the connection stays."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
    except (OSError, EOFError, TimeoutError, ValueError) as error:
        return type(error).__name__, False
    status = head.split(maxsplit=2)[1]
    text = body[:_SHOWN].decode("latin-1").strip()
    outcome = _ANSWERED if status == b"200" else f"{status.decode()} {text}"
    return outcome, b"connection: close" not in head


def _request(choice: random.Random) -> bytes:
    picture = np.zeros((28, 28), np.uint8)
    cv2.line(picture, (6 + choice.randrange(5), 6), (14, 22), 255, 3)
    body = cv2.imencode(".png", picture)[1].tobytes()
    lines = (
        b"POST /predict HTTP/1.1",
        b"Host: bench",
        b"Content-Type: image/png",
        b"Content-Length: %d" % len(body),
    )
    return b"\r\n".join([*lines, b"", body])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.restarts", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--through", choices=("nginx", "haproxy"), help="a balancer before two")
    parser.add_argument("--delay", type=float, default=0, help="TANDEM_SHUTDOWN_DELAY (0)")
    parser.add_argument("--workers", type=int, default=1, help="TANDEM_WORKERS (1)")
    parser.add_argument("--restarts", type=int, default=20, help="how often (20)")
    parser.add_argument("--requests", type=int, default=100_000, help="in all, at least (100000)")
    parser.add_argument("--clients", type=int, default=16, help="at once (16)")
    return parser


def _say(line: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {line}", flush=True)


if __name__ == "__main__":
    main()

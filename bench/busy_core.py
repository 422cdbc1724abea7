"""How long a server process is on the processor for one request, and how long a client waits."""

import asyncio
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from service.server.sockets import bind

_SECONDS: Final = 3.0
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Busy:
    """One number of clients, in microseconds.

    Attributes:
        core: Time of the server on the processor, for one request.
        p50: Half of the clients waited no longer for their answer.
    """

    core: float
    p50: float


def measure_busy(models_dir: Path, content_type: bytes, body: bytes, clients: int) -> Busy:
    """Have clients ask a server of its own one after the other, each on its own connection."""
    request = (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        + content_type
        + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    with _serving(models_dir) as (process, port):
        asyncio.run(_ask(port, request, clients, _SECONDS / 3))
        before = _core_seconds(process)
        waited = asyncio.run(_ask(port, request, clients, _SECONDS))
        core = _core_seconds(process) - before
    return Busy(1e6 * core / len(waited), 1e6 * median(waited))


@contextmanager
def _serving(models_dir: Path) -> Iterator[tuple[int, int]]:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
    settings = {"PORT": port, "MODELS_DIR": models_dir, "RUNTIMES": "onnx", "LOG_LEVEL": "warning"}
    given = {f"TANDEM_{name}": str(value) for name, value in settings.items()}
    with _pinned() as free:
        process = subprocess.Popen([sys.executable, "-m", "service"], env=os.environ | given)
        os.sched_setaffinity(process.pid, {free})
        try:
            _wait(port)
            yield process.pid, port
        finally:
            process.terminate()
            process.wait(_PATIENCE)


@contextmanager
def _pinned() -> Iterator[int]:
    """Keep to one core; give another one, or the same where there is no other."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield max(cores)
    finally:
        os.sched_setaffinity(0, cores)


def _wait(port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the service did not become ready")


def _core_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _ask(port: int, request: bytes, clients: int, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    waited = await asyncio.gather(*(_client(port, request, until) for _ in range(clients)))
    return [each for one in waited for each in one]


async def _client(port: int, request: bytes, until: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waited: list[float] = []
    while time.perf_counter() < until:
        start = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"answered with {head[:40]!r}")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        waited.append(time.perf_counter() - start)
    writer.close()
    return waited

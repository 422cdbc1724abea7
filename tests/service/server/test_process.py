import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from artifact.manifest import PATHS
from tests.known_answer import picture, publish_known_answer
from tests.service.process import (
    PATIENCE,
    WITHOUT_TORCH,
    Running,
    Start,
    run_to_the_end,
    wait_until,
)
from tests.service.server.echo import read_to_the_end

BODY_LIMIT = 100_000


@pytest.fixture(scope="module")
def running(start: Start) -> Iterator[Running]:
    limits = {"max_body_bytes": BODY_LIMIT, "body_seconds": 1}
    with start(WITHOUT_TORCH, runtimes="", **limits) as running:
        yield running


def test_service_answers_through_a_socket(running: Running) -> None:
    files = {"image": ("a.png", picture("bottom-left"), "image/png")}
    with httpx.Client(base_url=running.url) as client:
        assert client.get("/health/ready").json()["ready"]
        assert client.post("/predict", files=files).json()["label"] == "bottom-left"
        assert client.post("/predict", content=picture("top-right")).json()["label"] == "top-right"


def test_service_without_torch_serves_onnx_and_says_so(running: Running) -> None:
    ready = httpx.get(f"{running.url}/health/ready").json()
    assert ready["runtimes"] == ["onnx"]
    assert list(ready["missing_runtimes"]) == ["torchscript"]
    assert "not serving torchscript: it needs the package torch" in running.log.read_text()
    refused = httpx.post(
        f"{running.url}/predict?model=known&runtime=torchscript", content=picture("top-left")
    )
    assert refused.status_code == 404
    assert "its runtimes: onnx" in refused.json()["detail"]


def record(port: int, head: str, chunks: Iterator[bytes]) -> tuple[bytes, int]:
    """Send chunks until the service answers; give its answer and how many bytes it let through."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head.encode() + b"\r\n")
        for chunk in chunks:
            answered, _, _ = select.select([connection], [], [], 0.001)
            if answered:
                break
            connection.sendall(chunk)
            sent += len(chunk)
        return read_to_the_end(connection), sent


def test_announced_body_over_the_limit_is_refused_before_it_is_sent(running: Running) -> None:
    head = "POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 900000\r\n"
    answer, sent = record(running.port, head, iter(()))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer
    assert b"100000 bytes" in answer
    assert sent == 0


def test_chunked_body_is_cut_at_the_limit(running: Running) -> None:
    head = "POST /predict HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
    chunk = b"2710\r\n" + bytes(10_000) + b"\r\n"
    answer, sent = record(running.port, head, (chunk for _ in range(1000)))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 50 * len(chunk), "an endless body must not be read to its end"


def test_body_that_stalls_is_given_up(running: Running) -> None:
    head = "POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n"
    start = time.monotonic()
    answer, _ = record(running.port, head, iter([b"some"]))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert 0.9 < time.monotonic() - start < 10


def test_client_that_leaves_in_the_middle_troubles_nobody(running: Running) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nsome"
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(head)
        time.sleep(0.1)
    assert httpx.get(f"{running.url}/health/live").status_code == 200
    assert "Traceback" not in running.log.read_text()


LONG_BENCHMARK = "/benchmark?model=contrary&seconds=55&batch_size=1"
SHORT_BENCHMARK = "/benchmark?model=contrary&seconds=0.001&batch_size=1"


@contextmanager
def benchmarking(running: Running) -> Iterator[None]:
    """Ask for a benchmark of almost a minute, and leave it running meanwhile."""
    head = f"POST {LONG_BENCHMARK} HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(head.encode())
        wait_until(lambda: httpx.post(f"{running.url}{SHORT_BENCHMARK}").status_code == 409)
        yield


def test_benchmark_stops_when_its_client_leaves(running: Running) -> None:
    with benchmarking(running):
        pass
    left = time.monotonic()
    wait_until(lambda: httpx.post(f"{running.url}{SHORT_BENCHMARK}").status_code == 200)
    assert time.monotonic() - left < 10, "the rest of it would have taken longer"


def test_benchmark_holds_up_nobody(running: Running) -> None:
    seconds: list[float] = []
    with benchmarking(running), httpx.Client(base_url=running.url) as client:
        for _ in range(200):
            start = time.perf_counter()
            client.post("/predict", content=picture("top-left")).raise_for_status()
            seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[100] < 0.5
    assert max(seconds) < 5


def test_shutdown_does_not_wait_for_a_benchmark(start: Start) -> None:
    with start() as running, benchmarking(running):
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 0
    assert "Traceback" not in running.log.read_text()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
def test_service_opens_no_outgoing_connection(running: Running) -> None:
    httpx.post(f"{running.url}/predict", content=picture("top-left")).raise_for_status()
    own = set()
    for link in Path(f"/proc/{running.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # a file that was closed meanwhile
            own.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    listening = f":{running.port:04X}"
    local = [
        fields[1]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for fields in map(str.split, Path(f"/proc/net/{table}").read_text().splitlines()[1:])
        if fields[9] in own
    ]
    assert local, "its listening socket must be found, or this shows nothing"
    assert all(address.endswith(listening) for address in local)


CONNECTIONS = """
import sys
seen = []
names = ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname")
sys.addaudithook(lambda event, args: seen.append((event, args)) if event in names else None)
import asyncio, pathlib
from service.app import create_app
from service.settings import Settings
sent = []
async def predict(app, body):
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}
    async def send(message):
        sent.append(message)
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": [],
             "query_string": b"", "http_version": "1.1"}
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
app = create_app(Settings(models_dir=pathlib.Path(sys.argv[1]), runtimes="onnx"))
asyncio.run(predict(app, pathlib.Path(sys.argv[2]).read_bytes()))
assert sent[0]["status"] == 200, sent
assert not seen, seen
"""


def test_nothing_in_the_process_asks_for_a_connection(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(picture("top-left"))
    arguments = ["-c", CONNECTIONS, str(repository), str(tmp_path / "picture.png")]
    subprocess.run([sys.executable, *arguments], check=True, timeout=60)


def test_importing_the_service_imports_no_torch() -> None:
    script = "import sys, service.app; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_shutdown_delay_serves_on_but_is_not_ready(start: Start) -> None:
    with start(shutdown_delay=60) as running:
        running.process.send_signal(signal.SIGTERM)
        with httpx.Client(base_url=running.url) as client:
            wait_until(lambda: client.get("/health/ready").status_code == 503)
            assert client.post("/predict", content=picture("top-left")).status_code == 200
            assert client.get("/health/live").status_code == 200
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(PATIENCE) == 0, "a second signal ends the delay"


@pytest.mark.parametrize("workers", [1, 2])
def test_broken_artifact_stops_the_start_with_one_line(tmp_path: Path, workers: int) -> None:
    artifact = publish_known_answer(tmp_path, runtimes=("onnx",))
    (artifact.folder / PATHS["onnx"]).write_bytes(b"cut")
    ended = run_to_the_end(models_dir=tmp_path, workers=workers)
    assert ended.returncode == 3
    [line] = [line for line in ended.stderr.splitlines() if "Cannot start" in line]
    assert "known/1/model.onnx has 3 bytes, not" in line
    assert "Traceback" not in ended.stderr

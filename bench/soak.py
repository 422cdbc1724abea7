"""A service under mixed load for minutes: whether its memory stays flat, and nothing fails.

Half of the requests are small pictures; the others are forms, batches, comparisons, tensors,
photographs, damaged pictures, wrong names, evidence, metrics, and clients that leave midway.

python -m bench.soak [--seconds 280] [--clients 8] [--runtimes onnx] [--limit-mb 350]
"""

import argparse
import http.client
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Final, TextIO

import cv2
import numpy as np

from bench.preprocess import encode
from bench.serving.running.processes import Server, free_port, running

_SAMPLE_SECONDS: Final = 5.0
_START_SECONDS: Final = 60.0
_GROWTH: Final = 1.05  # of the second third's median: more in the last third is growth
_LEAVING: Final = 0.02  # share of the clients that leave before the answer
_BOUNDARY: Final = "soak"
_MULTIPART: Final = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
_ROOT: Final = Path(__file__).parent.parent


@dataclass(frozen=True)
class Request:
    """What one client sends."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Outcomes:
    """What came of the requests, by status or by how the connection ended."""

    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, outcome: str) -> None:
        """Count one more."""
        with self.lock:
            self.counts[outcome] += 1


def main() -> None:
    """Print memory over time and a verdict; exit with 1 where the memory grows or is too much."""
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log, port = Path(folder) / "service.log", free_port()
        variables = {"TANDEM_PORT": str(port), "TANDEM_LOG_LEVEL": "warning"}
        if options.runtimes:
            variables["TANDEM_RUNTIMES"] = options.runtimes
        command = [sys.executable, "-m", "service"]
        cores = sorted(os.sched_getaffinity(0))[:2]
        with running(command, _ROOT, variables, cores, log) as server:
            _wait_until_ready(port, server)
            memory, outcomes = _soak(server, port, options.clients, options.seconds)
        text = log.read_text(errors="replace")
        problems = find_problems(memory, outcomes.counts, options.limit_mb, text)
    _say(f"answers: {dict(sorted(outcomes.counts.items()))}")
    _say(f"peak {max(memory):.0f} MB; " + ("; ".join(problems) or "flat, and nothing failed"))
    sys.exit(1 if problems else 0)


def _soak(server: Server, port: int, clients: int, seconds: float) -> tuple[list[float], Outcomes]:
    outcomes, end, memory = Outcomes(), time.monotonic() + seconds, list[float]()
    threads = [
        threading.Thread(target=_be_a_client, args=(port, seed, end, outcomes))
        for seed in range(clients)
    ]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        time.sleep(min(_SAMPLE_SECONDS, max(0.1, end - time.monotonic())))
        memory.append(server.memory().rss)
        left = max(0, end - time.monotonic())
        _say(f"{memory[-1]:6.0f} MB, {outcomes.counts.total():8,} requests, {left:4.0f} s left")
    for thread in threads:
        thread.join()
    return memory, outcomes


def find_problems(
    memory: Sequence[float], counts: Mapping[str, int], limit_mb: float, log: str
) -> list[str]:
    """Say what was wrong with a run; nothing where its memory stayed flat and nothing failed.

    Args:
        memory: Resident megabytes at equal intervals.
        counts: Of outcomes.
        limit_mb: Most megabytes.
        log: What the service wrote.
    """
    third = len(memory) // 3
    middle, last = median(memory[third : 2 * third] or memory), median(memory[-third:] or memory)
    failed = {kind: n for kind, n in counts.items() if kind.startswith(("500", "lost"))}
    found = [
        (max(memory) > limit_mb, f"more than {limit_mb:g} MB"),
        (last > _GROWTH * middle, f"growing: {middle:.0f} MB in the middle, {last:.0f} at the end"),
        (bool(failed), f"failed: {failed}"),
        ("Traceback" in log, f"{log.count('Traceback')} tracebacks in the log"),
    ]
    return [problem for is_true, problem in found if is_true]


def _be_a_client(port: int, seed: int, end: float, outcomes: Outcomes) -> None:
    """Send requests over one connection after the other until the time is over."""
    choice = random.Random(seed)
    connection = _connect(port)
    while time.monotonic() < end:
        request = _choose(choice)
        if choice.random() < _LEAVING:
            _leave_midway(port, request)
            outcomes.add("left")
            continue
        try:
            connection.request(request.method, request.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            answer.read()
            outcomes.add(str(answer.status))
        except (OSError, http.client.HTTPException) as error:
            outcomes.add(f"lost: {type(error).__name__}")
            connection.close()
            connection = _connect(port)
    connection.close()


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def _leave_midway(port: int, request: Request) -> None:
    head = (
        f"{request.method} {request.path} HTTP/1.1\r\nHost: soak\r\nContent-Length: 100000\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", port))) as client, suppress(OSError):
        client.sendall(head.encode() + request.body[:1000])


def _choose(choice: random.Random) -> Request:
    kinds, weights = zip(*_KINDS.items(), strict=True)
    make: Callable[[random.Random], Request] = choice.choices(kinds, weights)[0]
    return make(choice)


def _small(choice: random.Random) -> Request:
    model = choice.choice(("conv", "mobilenet", "mobilenet-tiny", "conv1-mobile3"))
    return Request("POST", f"/predict?model={model}", _digit(choice.randrange(50)))


def _explained(choice: random.Random) -> Request:
    return Request("POST", "/predict?explain=true", _digit(choice.randrange(50)))


def _damaged(choice: random.Random) -> Request:
    body = bytearray(_digit(choice.randrange(50)))
    body[choice.randrange(33, len(body))] ^= 255
    return Request("POST", "/predict", bytes(body[: choice.randrange(40, len(body))]))


def _nothing(choice: random.Random) -> Request:
    return Request("POST", "/predict", choice.randbytes(choice.randrange(1, 3000)))


def _photograph(choice: random.Random) -> Request:
    kind = choice.choice(("PNG", "JPEG", "WEBP", "TIFF"))
    return Request("POST", "/predict", _large(choice.randrange(8), kind))


def _batch(choice: random.Random) -> Request:
    files = (_digit(choice.randrange(50)) for _ in range(8))
    head = (
        f"--{_BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="images"; filename="a.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    ).encode()
    parts = b"".join(head + file + b"\r\n" for file in files)
    return Request("POST", "/predict/batch", parts + f"--{_BOUNDARY}--\r\n".encode(), _MULTIPART)


def _comparison(choice: random.Random) -> Request:
    query = choice.choice(("", "?runtimes=all"))
    return Request("POST", f"/compare{query}", _digit(choice.randrange(50)))


def _tensor(choice: random.Random) -> Request:
    count = choice.choice((1, 1, 4, 64, 256))
    tensor = np.full((count, 1, 28, 28), choice.random(), "<f4").tobytes()
    described = {
        "name": "input",
        "shape": [count, 1, 28, 28],
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(tensor)},
    }
    outputs = [{"name": "label"}, {"name": "probabilities"}]
    head = json.dumps({"inputs": [described], "outputs": outputs}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    return Request("POST", "/v2/models/mobilenet/infer", head + tensor, headers)


def _unknown(choice: random.Random) -> Request:
    return Request("POST", f"/predict?model=nope{choice.randrange(10**6)}", _digit(0))


def _evidence(choice: random.Random) -> Request:
    paths = (
        "/metrics",
        "/models",
        "/comparison",
        "/studies",
        "/models/conv/filters",
        "/models/conv/curves.png",
        f"/nope{choice.randrange(10**6)}",
        "/v2/models/stats",
    )
    return Request("GET", choice.choice(paths))


_KINDS: Final[Mapping[Callable[[random.Random], Request], int]] = {
    _small: 45,
    _damaged: 10,
    _tensor: 10,
    _batch: 6,
    _comparison: 6,
    _evidence: 7,
    _nothing: 5,
    _photograph: 4,
    _explained: 4,
    _unknown: 3,
}


@cache
def _digit(seed: int) -> bytes:
    canvas = np.zeros((28, 28), np.uint8)
    cv2.putText(canvas, str(seed % 10), (6, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 1 + seed % 3)
    return encode(canvas, "PNG")


@cache
def _large(seed: int, kind: str) -> bytes:
    choice = np.random.default_rng(seed)
    width, height = choice.integers(800, 3000, 2).tolist()
    canvas = np.full((height, width, 3), 230, np.uint8)
    cv2.putText(canvas, str(seed), (width // 3, 2 * height // 3), 0, height / 60, (40, 30, 60), 40)
    return encode(canvas, kind)


def _wait_until_ready(port: int, server: Server) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and server.alive:
        with suppress(OSError, http.client.HTTPException), closing(_connect(port)) as connection:
            connection.request("GET", "/health/ready")
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(0.1)
    sys.exit(f"the service is not ready: {server.last_words()}")


def _say(line: str, to: TextIO = sys.stdout) -> None:
    to.write(f"{line}\n")
    to.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=280, help="of load (280)")
    parser.add_argument("--clients", type=int, default=8, help="at once (8)")
    parser.add_argument("--runtimes", help="with commas between; all that are installed")
    parser.add_argument("--limit-mb", type=float, default=350, help="of resident memory (350)")
    return parser


if __name__ == "__main__":
    main()

"""A service that is told to stop answers what is asked of it, and ends in time."""

import os
import signal
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from service.server.protocol import HttpProtocol
from tests.known_answer import picture
from tests.processes import children
from tests.service.process import Running, Start, wait_until
from tests.service.server.echo import Echo, answers, echo, read_answer, read_to_the_end
from tests.service.server.test_framing import post

GET = b"GET /%b HTTP/1.1\r\nHost: t\r\n\r\n"
PICTURE = picture("top-left")
REQUEST = (
    b"POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n%b"
    % (len(PICTURE), PICTURE)
)


def drain(server: Echo) -> None:
    def all_of_them() -> None:
        server.connections.draining = True
        for connection in server.state.connections:
            assert isinstance(connection, HttpProtocol)
            connection.drain()

    server.call(all_of_them)


def test_draining_connection_ends_with_the_answer_that_is_being_made() -> None:
    with echo() as server, server.connect() as client:
        client.sendall(GET % b"wait")
        wait_until(lambda: bool(server.paths))
        drain(server)
        server.call(server.go.set)
        (got,) = answers(read_to_the_end(client))
    assert (got["status"], got["headers"]["connection"]) == (200, "close")


def test_draining_connection_that_is_idle_answers_once_more() -> None:
    with echo() as server, server.connect() as client:
        client.sendall(GET % b"first")
        assert "connection" not in read_answer(client)["headers"]
        drain(server)
        time.sleep(0.2)
        client.sendall(GET % b"second")
        (got,) = answers(read_to_the_end(client))
    assert (got["status"], got["headers"]["connection"]) == (200, "close")


def test_draining_connection_answers_all_that_was_pipelined() -> None:
    with echo() as server, server.connect() as client:
        client.sendall(GET % b"wait")
        wait_until(lambda: bool(server.paths))
        drain(server)
        client.sendall((GET % b"second") + (GET % b"third"))
        time.sleep(0.2)
        server.call(server.go.set)
        got = answers(read_to_the_end(client))
    assert [each["json"]["path"] for each in got] == ["/wait", "/second", "/third"]
    assert [each["headers"].get("connection") for each in got] == [None, None, "close"]


def test_draining_connection_answers_a_request_of_two_packets() -> None:
    head, _, body = post(b"Content-Length: 4\r\n", b"body").partition(b"body")
    with echo() as server, server.connect() as client:
        client.sendall(head)
        time.sleep(0.1)
        drain(server)
        time.sleep(0.1)
        client.sendall(b"body" + body)
        (got,) = answers(read_to_the_end(client))
    assert (got["json"]["body"], got["headers"]["connection"]) == ("body", "close")


class Asking(threading.Thread):
    """A client that asks again and again, keeping its connection or opening one for each."""

    def __init__(self, port: int, *, keeps: bool) -> None:
        super().__init__()
        self.port, self.keeps = port, keeps
        self.stop = False
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        client: socket.socket | None = None
        while not self.stop:
            if client is None:
                try:
                    client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
                except OSError:  # nothing was sent
                    time.sleep(0.01)
                    continue
            try:
                client.sendall(REQUEST)
                got = read_answer(client)
                self.counts[str(got["status"])] += 1
                ended = got["headers"].get("connection") == "close"
            except Exception as error:  # noqa: BLE001 - each is a lost request
                self.counts[repr(error)] += 1
                ended = True
            if ended or not self.keeps:
                client.close()
                client = None


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux' packet filter")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("delay", [0, 1])
def test_restart_loses_no_request(start: Start, workers: int, delay: int) -> None:
    with start(workers=workers, shutdown_delay=delay) as running:
        clients = [Asking(running.port, keeps=number % 2 == 0) for number in range(8)]
        for client in clients:
            client.start()
        wait_until(lambda: sum(client.counts["200"] for client in clients) > 16)
        running.process.send_signal(signal.SIGTERM)
        status = running.process.wait(30)
        for client in clients:
            client.stop = True
        for client in clients:
            client.join(30)
    counts = sum((client.counts for client in clients), Counter[str]())
    assert list(counts) == ["200"]
    assert status == 0
    assert "Traceback" not in running.log.read_text()


def connect_and_use(running: Running) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", running.port), timeout=20)
    client.sendall(REQUEST)
    read_answer(client)
    return client


def test_idle_connection_is_kept_until_the_shutdown_timeout(start: Start) -> None:
    with start(shutdown_timeout=3) as running:
        used, unused = connect_and_use(running), connect_and_use(running)
        told = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        used.sendall(REQUEST)
        assert read_answer(used)["headers"]["connection"] == "close"
        assert read_to_the_end(unused) == b""
        assert 1.5 < time.monotonic() - told < 4
        assert running.process.wait(10) == 0
        used.close()
        unused.close()
    assert "ERROR" not in running.log.read_text()


def test_interrupt_does_not_wait_for_idle_connections(start: Start) -> None:
    with start() as running:
        client = connect_and_use(running)
        told = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(20) == 0
        assert time.monotonic() - told < 5
        client.close()


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs Linux' list of children")
def test_worker_that_is_told_to_stop_alone_leaves_the_port_to_the_others(start: Start) -> None:
    with start(workers=2) as running:
        os.kill(children(running.process.pid)[0], signal.SIGTERM)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            with socket.create_connection(("127.0.0.1", running.port), timeout=0.9) as client:
                client.sendall(REQUEST)
                assert read_answer(client)["status"] == 200
        running.process.send_signal(signal.SIGTERM)
        with suppress(Exception):
            running.process.wait(30)

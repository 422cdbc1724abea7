"""No client holds a connection, or grows what it sends, without bounds."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from service.server.protocol import HttpProtocol
from tests.service.process import wait_until
from tests.service.server.echo import Echo, answers, echo, read_answer, read_to_the_end

GET = b"GET /%b HTTP/1.1\r\nHost: t\r\n%b\r\n"
PLAIN = GET % (b"", b"")
HEAD_BYTES = 4096
HEAD_LINES = 20
HEAD_SECONDS = 0.3


@pytest.fixture(scope="module")
def server() -> Iterator[Echo]:
    limits = {
        "max_head_bytes": HEAD_BYTES,
        "max_head_lines": HEAD_LINES,
        "head_seconds": HEAD_SECONDS,
    }
    with echo(**limits) as running:
        yield running


@pytest.fixture(autouse=True)
def forget(server: Echo) -> None:
    server.refused.clear()
    server.paths.clear()


TOO_LARGE = {
    "one line": (431, GET % (b"", b"X-A: %b\r\n" % (b"a" * HEAD_BYTES))),
    "one line without an end": (431, b"GET / HTTP/1.1\r\nX-A: " + b"a" * 1_000_000),
    "a name without an end": (431, b"GET / HTTP/1.1\r\n" + b"a" * 1_000_000),
    "many lines": (431, GET % (b"", b"X-A: b\r\n" * (HEAD_LINES + 1))),
    "many lines without an end": (431, b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 100_000),
    "address": (414, GET % (b"a" * HEAD_BYTES, b"")),
    "address without an end": (414, b"GET /" + b"a" * 1_000_000),
    "after an offer": (
        431,
        GET % (b"", b"Connection: upgrade\r\nUpgrade: a\r\nX-A: %b\r\n" % (b"a" * HEAD_BYTES)),
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_large_head_is_refused_though_its_client_sends_on(server: Echo, name: str) -> None:
    status, request = TOO_LARGE[name]
    (got,) = server.ask(request)
    assert (got["status"], got["headers"]["connection"]) == (status, "close")
    assert str(HEAD_BYTES) in got["json"]["detail"] or str(HEAD_LINES) in got["json"]["detail"]
    assert server.refused == ["head-too-large"]
    assert server.paths == []


@pytest.mark.parametrize("tail", [b"1;a=" + b"b" * 100_000, b"0\r\nX-A: " + b"b" * 100_000])
def test_large_chunk_extension_or_trailer_is_refused(server: Echo, tail: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert server.ask(head + b"1\r\na\r\n" + tail)[-1]["status"] == 431


def test_head_of_exactly_the_limit_is_answered(server: Echo) -> None:
    close = b"Connection: close\r\nX-A: %b\r\n"
    fitting = HEAD_BYTES - len(b"/host: tconnection: closex-a: ") - 3 * len(b"\r\n")
    (got,) = server.ask(GET % (b"", close % (b"a" * fitting)))
    assert got["status"] == 200
    (got,) = server.ask(GET % (b"", close % (b"a" * (fitting + 1))))
    assert got["status"] == 431


def test_body_may_be_larger_than_a_head(server: Echo) -> None:
    body = b"a" * 300_000
    head = b"POST / HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    (got,) = server.ask(head % len(body) + body)
    assert len(got["json"]["body"]) == len(body)


def test_pipelined_requests_beyond_one_read_are_all_answered_in_order(server: Echo) -> None:
    requests = b"".join(GET % (b"%d" % number, b"") for number in range(3000))
    *got, _ = server.ask(requests + GET % (b"", b"Connection: close\r\n"))
    assert [each["json"]["path"] for each in got] == [f"/{number}" for number in range(3000)]


def test_pipelined_requests_wait_outside_while_one_is_answered(server: Echo) -> None:
    with server.connect() as client:
        client.settimeout(0.3)
        client.sendall(GET % (b"wait", b""))
        with pytest.raises(TimeoutError):
            client.sendall(PLAIN * 1_000_000)
        (connection,) = server.state.connections
        assert isinstance(connection, HttpProtocol)
        assert len(connection.pipeline) < 1000
        assert len(connection._held) < 1_000_000  # noqa: SLF001 - what no answer shows
    server.call(server.go.set)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"\r\n\r\n", None, id="line-ends"),
        pytest.param(b"G", 408, id="first-byte"),
        pytest.param(PLAIN[:-1], 408, id="all-but-the-last"),
    ],
)
def test_head_that_does_not_come_in_time_ends_the_connection(
    server: Echo, sent: bytes, status: int | None
) -> None:
    start = time.monotonic()
    got = server.ask(sent)
    assert HEAD_SECONDS - 0.1 < time.monotonic() - start < HEAD_SECONDS + 5
    assert [each["status"] for each in got] == ([status] if status else [])
    assert server.refused == (["head-too-slow"] if status else [])


def test_head_that_comes_byte_by_byte_has_the_time_of_one_head(server: Echo) -> None:
    start = time.monotonic()
    with server.connect() as client:
        client.settimeout(0.02)
        read = b""
        for byte in GET % (b"", b"X-A: %b\r\n" % (b"a" * 500)):
            client.sendall(bytes([byte]))
            with suppress(TimeoutError):
                read = client.recv(1000)
                break
    assert answers(read)[0]["status"] == 408
    assert time.monotonic() - start < HEAD_SECONDS + 5


def test_next_head_has_its_own_time_and_an_idle_connection_more(server: Echo) -> None:
    with server.connect() as client:
        client.sendall(PLAIN)
        read_answer(client)
        time.sleep(2 * HEAD_SECONDS)
        client.sendall(PLAIN)
        assert read_answer(client)["status"] == 200
        client.sendall(PLAIN[:5])
        (got,) = answers(read_to_the_end(client))
    assert got["status"] == 408


def test_idle_connection_is_ended_after_its_own_time() -> None:
    with echo(keep_alive=0.5) as server, server.connect() as client:
        client.sendall(PLAIN)
        start = time.monotonic()
        assert len(answers(read_to_the_end(client))) == 1
        assert 0.4 < time.monotonic() - start < 5


def test_client_that_does_not_read_its_answer_loses_its_connection() -> None:
    with echo(send_seconds=0.3) as server, server.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(GET % (b"large", b""))
        wait_until(lambda: bool(server.refused and not server.state.connections))
        assert server.refused == ["answer-not-read"]


def test_new_connection_takes_the_place_of_the_one_that_would_end_first() -> None:
    with echo(max_connections=3) as server:
        clients = [server.connect() for _ in range(3)]
        for client in clients[:2]:
            client.sendall(PLAIN)
            assert read_answer(client)["status"] == 200
        with server.connect() as newcomer:
            newcomer.sendall(PLAIN)
            assert read_answer(newcomer)["status"] == 200
            assert clients[2].recv(1) == b"", "it has sent nothing, and has 10 s; the others 75"
        for client in clients:
            client.close()
    assert server.refused == ["too-many-connections"]


def test_new_connection_is_told_to_come_again_where_all_are_being_answered() -> None:
    with echo(max_connections=2) as server:
        clients = [server.connect() for _ in range(2)]
        for client in clients:
            client.sendall(GET % (b"wait", b""))
        wait_until(lambda: len(server.paths) == 2)
        with server.connect() as newcomer:
            (got,) = answers(read_to_the_end(newcomer))
        assert (got["status"], got["headers"]["retry-after"]) == (503, "1")
        server.call(server.go.set)
        for client in clients:
            assert read_answer(client)["status"] == 200
            client.close()


def test_refusals_are_logged_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    with echo() as server:
        for _ in range(20):
            server.ask(b"no HTTP\r\n")
    assert len(server.refused) == 20
    assert len([each for each in caplog.records if "not valid HTTP/1.1" in each.message]) < 5

"""One request is read as one request, whatever it offers; what could be two is refused."""

from collections.abc import Iterator

import pytest

from service.server import protocol
from tests.service.server.echo import Echo, answers, echo, read_to_the_end

BODY = b"GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SIZED = b"Content-Length: %d\r\n" % len(BODY)
OFFERS = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "tls": b"Connection: upgrade\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n",
    "any": b"connection: keep-alive, uPgRaDe\r\nupgrade: foo\r\n",
    "twice": b"Upgrade: a\r\nConnection: Upgrade\r\nUpgrade: b\r\n",
    "empty": b"Upgrade:\r\nConnection: Upgrade\r\n",
}


def post(
    lines: bytes, body: bytes = BODY, path: bytes = b"/first", version: bytes = b"1.1"
) -> bytes:
    return b"POST %b HTTP/%b\r\nHost: t\r\n%b\r\n%b" % (path, version, lines, body)


def chunks(body: bytes, size: int = 7, trailers: bytes = b"") -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return (
        b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n%b\r\n" % trailers
    )


NEXT = post(b"Connection: close\r\nContent-Length: 4\r\n", b"next", b"/second")


@pytest.fixture(scope="module")
def server() -> Iterator[Echo]:
    with echo() as running:
        yield running


def in_two(request: bytes) -> list[bytes]:
    head, end, body = request.partition(b"\r\n\r\n")
    return [head + end, body]


def byte_by_byte(request: bytes) -> list[bytes]:
    return [bytes([each]) for each in request]


@pytest.mark.parametrize("cut", [lambda request: [request], in_two, byte_by_byte])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("offer", OFFERS)
def test_offer_is_ignored_and_the_body_is_whole(
    server: Echo, offer: str, chunked: bool, cut: object
) -> None:
    assert callable(cut)
    first = post(OFFERS[offer] + (CHUNKED if chunked else SIZED), chunks(BODY) if chunked else BODY)
    got = server.ask(*cut(first), NEXT)
    assert [(each["status"], each["json"]["path"], each["json"]["body"]) for each in got] == [
        (200, "/first", BODY.decode()),
        (200, "/second", "next"),
    ]
    assert not dict(got[0]["json"]["headers"]).get("upgrade")


def test_requests_that_all_offer_are_answered_in_order(server: Echo) -> None:
    requests = [post(OFFERS["h2c"] + SIZED, path=b"/%d" % number) for number in range(30)]
    *got, last = server.ask(b"".join([*requests, NEXT]))
    assert [each["json"]["path"] for each in got] == [f"/{number}" for number in range(30)]
    assert last["json"]["path"] == "/second"


def test_offer_without_a_body_leaves_the_connection_to_the_next(server: Echo) -> None:
    get = b"GET /get HTTP/1.1\r\nHost: t\r\n%b\r\n" % OFFERS["h2c"]
    assert [each["json"]["path"] for each in server.ask(get, NEXT)] == ["/get", "/second"]


def test_offer_beside_a_close_ends_the_connection_after_the_answer(server: Echo) -> None:
    lines = b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n" + SIZED
    (got,) = server.ask(post(lines) + NEXT)
    assert (got["json"]["body"], got["headers"]["connection"]) == (BODY.decode(), "close")


def test_offer_in_http_1_0_is_answered_and_the_connection_ended(server: Echo) -> None:
    (got,) = server.ask(post(OFFERS["h2c"] + SIZED, version=b"1.0") + NEXT)
    assert (got["json"]["body"], got["headers"]["connection"]) == (BODY.decode(), "close")


def test_client_that_offers_and_waits_is_told_to_continue(server: Echo) -> None:
    head, body = in_two(post(OFFERS["h2c"] + b"Expect: 100-continue\r\n" + SIZED))
    with server.connect() as client:
        client.sendall(head)
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        (got,) = answers(read_to_the_end(client, quiet=0.3))
    assert got["json"]["body"] == BODY.decode()


REFUSED = {
    "both lengths": post(SIZED + CHUNKED),
    "both lengths, other order": post(CHUNKED + SIZED, chunks(BODY)),
    "both lengths and an offer": post(OFFERS["h2c"] + SIZED + CHUNKED),
    "two lengths": post(SIZED + b"Content-Length: 1\r\n"),
    "two equal lengths": post(SIZED + SIZED),
    "list of lengths": post(b"Content-Length: 3, 3\r\n"),
    "signed length": post(b"Content-Length: +3\r\n"),
    "empty length": post(b"Content-Length:\r\n"),
    "overflowing length": post(b"Content-Length: %b\r\n" % (b"9" * 30)),
    "space before the colon": post(b"Content-Length : 3\r\n"),
    "unknown coding": post(b"Transfer-Encoding: xchunked\r\n", chunks(BODY)),
    "coding around chunks": post(b"Transfer-Encoding: gzip, chunked\r\n", chunks(BODY)),
    "coding on two lines": post(b"Transfer-Encoding: gzip\r\n" + CHUNKED, chunks(BODY)),
    "chunked twice": post(CHUNKED + CHUNKED, chunks(BODY)),
    "empty coding": post(b"Transfer-Encoding:\r\n" + SIZED),
    "chunks in HTTP/1.0": post(CHUNKED, chunks(BODY), version=b"1.0"),
    "chunks that end with a line feed": post(CHUNKED, b"1\na\n0\n\n"),
    "chunk that is longer than it says": post(CHUNKED, b"1\r\nab\r\n0\r\n\r\n"),
    "chunk size that overflows": post(CHUNKED, b"f" * 17 + b"\r\n"),
    "folded line": post(b"X-A: b\r\n c\r\n" + SIZED),
    "line feed alone": post(SIZED).replace(b"\r\n", b"\n"),
    "line feed in the middle": post(b"X-A: b\nX-B: c\r\n" + SIZED),
    "carriage return alone": post(b"X-A: b\rX-B: c\r\n" + SIZED),
    "null": post(b"X-A: \0\r\n" + SIZED),
    "two hosts": post(b"Host: u\r\n" + SIZED),
    "tunnel": b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2.0": post(SIZED, version=b"2.0"),
    "HTTP/2.0 that keeps alive": post(b"Connection: keep-alive\r\n" + SIZED, version=b"2.0"),
    "HTTP/0.9": b"GET /first\r\n\r\n",
    "address without a path": b"GET http://t HTTP/1.1\r\nHost: t\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", REFUSED)
def test_ambiguous_request_is_refused_and_nothing_after_it_is_read(server: Echo, name: str) -> None:
    server.refused.clear()
    server.paths.clear()
    (got,) = server.ask(REFUSED[name] + NEXT)
    assert (got["status"], got["headers"]["connection"]) == (400, "close")
    assert "not valid HTTP/1.1" in got["json"]["detail"]
    assert server.refused == ["malformed"]
    assert "/smuggled" not in server.paths
    assert "/second" not in server.paths


def test_refusal_comes_after_the_answers_before_it(server: Echo) -> None:
    first, second, broken = (post(SIZED, path=b"/wait%d" % number) for number in range(3))
    server.loop.call_soon_threadsafe(server.go.clear)
    with server.connect() as client:
        client.sendall(first + second + broken.replace(b"Host", b"Ho st"))
        assert not read_to_the_end(client, quiet=0.2)
        server.call(server.go.set)
        got = answers(read_to_the_end(client))
    assert [each["status"] for each in got] == [200, 200, 400]
    assert [each["json"].get("path") for each in got] == ["/wait0", "/wait1", None]


def test_trailers_are_no_header_lines(server: Echo) -> None:
    trailers = b"Authorization: Bearer x\r\n"
    got, _ = server.ask(post(CHUNKED, chunks(BODY, trailers=trailers)) + NEXT)
    assert got["json"]["body"] == BODY.decode()
    assert "authorization" not in dict(got["json"]["headers"])


def test_client_that_closes_its_side_is_answered(server: Echo) -> None:
    with server.connect() as client:
        client.sendall(post(SIZED))
        client.shutdown(1)
        (got,) = answers(read_to_the_end(client))
    assert got["json"]["body"] == BODY.decode()


def test_client_that_closes_its_side_within_a_body_is_left(server: Echo) -> None:
    with server.connect() as client:
        client.sendall(post(SIZED)[:-1])
        client.shutdown(1)
        assert read_to_the_end(client) == b""


@pytest.mark.parametrize("turn_seconds", [-1.0, 5.0], ids=["every-piece-a-turn", "one-turn"])
@pytest.mark.parametrize("closes", [False, True], ids=["goes-on", "closes-its-side"])
def test_body_of_tiny_chunks_is_whole_however_many_turns_it_takes(
    server: Echo, monkeypatch: pytest.MonkeyPatch, turn_seconds: float, closes: bool
) -> None:
    monkeypatch.setattr(protocol, "_TURN_SECONDS", turn_seconds)
    body = BODY * 3000
    request = post(CHUNKED, chunks(body, 1))
    with server.connect() as client:
        client.sendall(request if closes else request + post(CHUNKED, chunks(body, 3)) + NEXT)
        if closes:
            client.shutdown(1)
        got = [each["json"]["body"] for each in answers(read_to_the_end(client))]
    assert got == ([body.decode()] if closes else [body.decode()] * 2 + ["next"])

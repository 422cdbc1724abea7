"""Every answer tells a browser what it may do with it, whatever answers."""

import socket
from collections.abc import Iterator
from http.client import HTTPMessage, HTTPResponse

import pytest

from service.browser_headers import HEADERS
from service.settings import Settings
from tests.known_answer import picture
from tests.service.v2.server import PATIENCE, Served, serving

PICTURE = picture("top-left")
PREFLIGHT = b"Origin: http://here\r\nAccess-Control-Request-Method: POST\r\n"


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Served]:
    with serving(settings.model_copy(update={"cors_origins": ("http://here",)})) as served:
        yield served


def request(line: bytes, more: bytes = b"", body: bytes = b"") -> bytes:
    head = b"%b HTTP/1.1\r\nHost: here\r\n%bContent-Length: %d\r\n" % (line, more, len(body))
    return head + b"Connection: close\r\n\r\n" + body


def ask(served: Served, sent: bytes) -> tuple[int, HTTPMessage]:
    host, port = served.address.split(":")
    with socket.create_connection((host, int(port)), PATIENCE) as connection:
        connection.sendall(sent)
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.headers


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(b"GET /"), 200),
        (request(b"HEAD /models"), 200),
        (request(b"POST /predict", body=PICTURE), 200),
        (request(b"POST /compare", body=PICTURE), 200),
        (request(b"POST /predict", body=b"no picture"), 415),
        (request(b"GET /nowhere"), 404),
        (request(b"GET /models?x=1&x=2"), 422),
        (request(b"OPTIONS /predict", PREFLIGHT), 200),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ],
    ids=lambda value: value[:20].decode() if isinstance(value, bytes) else "",
)
def test_every_kind_of_answer_has_them_once(served: Served, sent: bytes, status: int) -> None:
    answered, headers = ask(served, sent)
    assert answered == status
    for name, value in HEADERS:
        assert headers.get_all(name.decode()) == [value.decode()]


def test_fast_path_answered_with_them(served: Served) -> None:
    before = served.get("/metrics").text
    ask(served, request(b"POST /predict", body=PICTURE))
    after = served.get("/metrics").text
    counted = 'tandem_fast_path_total{outcome="answered"}'
    assert before.partition(counted)[2][:8] != after.partition(counted)[2][:8]


def test_page_that_needs_more_says_so_itself(served: Served) -> None:
    _, headers = ask(served, request(b"GET /docs"))
    [policy] = headers.get_all("content-security-policy") or []
    assert "style-src 'self' 'unsafe-inline'" in policy

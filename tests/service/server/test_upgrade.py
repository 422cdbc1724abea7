"""The whole service, on every route: an `Upgrade` offer changes nothing."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.known_answer import picture
from tests.service.process import Running, Start, wait_until
from tests.service.server.echo import ask
from tests.service.server.heavy_requests import file_form
from tests.service.server.test_framing import BODY, OFFERS, chunks
from tests.service.v2.asking import ask as infer
from tests.service.v2.asking import tensor

PICTURE = picture("top-left")
ROUTES = {
    "raw": (b"/predict", b"image/png", PICTURE),
    "form": (b"/predict", b"multipart/form-data; boundary=edge", file_form("image", PICTURE)),
    "explained": (b"/predict?explain=true", b"image/png", PICTURE),
    "comparison": (b"/compare", b"image/png", PICTURE),
    "tensor": (
        b"/v2/models/known/infer",
        b"application/json",
        json.dumps(infer(tensor())).encode(),
    ),
}
LAST = b"GET /health/live HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_buffer_size 1m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
  upstream tandem {{ server 127.0.0.1:{service}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 32m;
    location / {{
      proxy_pass http://tandem; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def running(start: Start) -> Iterator[Running]:
    with start() as running:
        yield running


def post(route: str, offer: bytes, *, chunked: bool = False) -> tuple[bytes, bytes]:
    path, content_type, body = ROUTES[route]
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
    lines = b"Content-Type: %b\r\n%b%b\r\n" % (content_type, offer, framing)
    head = b"POST %b HTTP/1.1\r\nHost: t\r\n%b\r\n" % (path, lines)
    return head, chunks(body, 100) if chunked else body


@pytest.mark.parametrize("chunked", [False, True], ids=["sized", "chunked"])
@pytest.mark.parametrize("route", ROUTES)
def test_answer_is_the_same_with_any_offer(running: Running, route: str, chunked: bool) -> None:
    expected, _ = ask(running.port, *post(route, b""), LAST)
    assert expected["status"] == 200
    for offer in OFFERS.values():
        head, body = post(route, offer, chunked=chunked)
        for pieces in ([head + body], [head, body]):
            got, last = ask(running.port, *pieces, LAST)
            assert got["json"] == expected["json"]
            assert last["json"] == {"live": True}


def test_bodies_of_a_thousand_offers_are_never_read_as_requests(running: Running) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: t\r\n%bContent-Length: %d\r\n\r\n"
    requests = [head % (offer, len(BODY)) + BODY for offer in OFFERS.values()]
    for _ in range(10):
        *got, last = ask(running.port, b"".join(requests * 17), LAST)
        assert [each["status"] for each in got] == [415] * len(requests * 17)
        assert last["json"] == {"live": True}


@pytest.mark.skipif(shutil.which("java") is None, reason="needs a JDK's java")
def test_default_client_of_java_is_answered(running: Running, tmp_path: Path) -> None:
    (tmp_path / "seven.png").write_bytes(PICTURE)
    source = Path(__file__).with_name("Ask.java")
    arguments = [source, f"{running.url}/predict", tmp_path / "seven.png"]
    ended = subprocess.run(
        ["java", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    lines = ended.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("200 ") and '"label":"top-left"' in line for line in lines)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_that_offers_http_2_is_answered(running: Running, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    ended = subprocess.run(
        ["curl", "-s", "--http2", "-F", "image=@a.png", f"{running.url}/predict"],
        capture_output=True,
        cwd=tmp_path,
        timeout=60,
        check=True,
    )
    assert json.loads(ended.stdout)["label"] == "top-left"


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nginx(service: int, folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, service=service, port=port))
    command = [str(shutil.which("nginx")), "-p", str(folder), "-c", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: accepts(port))
            yield port
        finally:
            process.terminate()


@pytest.mark.skipif(
    shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is None, reason="needs nginx"
)
def test_no_client_behind_nginx_gets_an_answer_to_the_body_of_another(
    running: Running, tmp_path: Path
) -> None:
    body = b"\r\n" * 300_000 + BODY
    lines = b"Connection: Upgrade\r\nUpgrade: foo\r\nContent-Length: %d\r\n\r\n" % len(body)
    with nginx(running.port, tmp_path) as port:
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as first:
                first.sendall(b"POST /predict HTTP/1.1\r\nHost: t\r\n" + lines + body)
                assert b" 415 " in first.recv(100)
                (got,) = ask(port, LAST)
                assert got["json"] == {"live": True}

"""What is answered before the framework is what the framework would have answered."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.service.test_refusals import BAD_PICTURES, REQUESTS, as_body, as_file

GOOD = picture("top-left")
DISPOSITION = b'Content-Disposition: form-data; name="image"; filename="a.png"'
TYPE = b"Content-Type: image/png"


def form(
    *lines: bytes,
    data: bytes = GOOD,
    before: bytes = b"",
    end: bytes = b"--\r\n",
    declared: str = "multipart/form-data; boundary=edge",
) -> dict[str, Any]:
    head = b"\r\n".join([b"--edge", *lines, b"", b""])
    body = before + head + data + b"\r\n--edge" + end
    return {"content": body, "headers": {"Content-Type": declared}}


PLAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "png": ("/predict", as_body(GOOD)),
    "no-type": ("/predict", {"content": GOOD}),
    "octet-stream": ("/predict", as_body(GOOD, "application/octet-stream")),
    "gif": ("/predict", as_body(picture("top-right", format="GIF"), "image/gif")),
    "jpeg": ("/predict", as_body(picture("top-right", format="JPEG"), "image/jpeg")),
    "not-accepted": ("/predict", as_body(picture("top-left", "top-right"))),
    "version": ("/predict?version=1", as_body(GOOD)),
    "model-and-runtime": ("/predict?model=contrary&runtime=onnx", as_body(GOOD)),
    "torchscript": ("/predict?version=1&runtime=torchscript", as_body(GOOD)),
    "explicitly-not-explained": ("/predict?explain=false", as_body(GOOD)),
    "httpx-form": ("/predict", as_file(GOOD)),
    "form-of-bytes": ("/predict", as_file(GOOD, declared="application/octet-stream")),
    "form-without-type": ("/predict", form(DISPOSITION)),
    "form-in-lower-case": ("/predict", form(DISPOSITION.replace(b"Cont", b"cont"), TYPE)),
    "form-without-last-line-end": ("/predict", form(DISPOSITION, TYPE, end=b"--")),
    "line-ends-in-the-file": ("/predict", form(DISPOSITION, data=GOOD + b"\r\n--edg\r\n--")),
}
NOT_PLAIN: dict[str, tuple[str, dict[str, Any]]] = {
    "explained": ("/predict?explain=true", as_body(GOOD)),
    "repeated-parameter": ("/predict?version=1&version=2", as_body(GOOD)),
    "misspelt-parameter": ("/predict?modle=known", as_body(GOOD)),
    "no-such-flag": ("/predict?explain=maybe", as_body(GOOD)),
    "broken-escape": ("/predict?model=%ff%", as_body(GOOD)),
    "upper-case-type": ("/predict", as_body(GOOD, "IMAGE/PNG; a=b")),
    "large-picture": ("/predict", as_body(picture("top-left", side=400))),
    "empty-body": ("/predict", as_body(b"")),
    "quoted-boundary": (
        "/predict",
        form(DISPOSITION, TYPE, declared='multipart/form-data; boundary="edge"'),
    ),
    "charset": (
        "/predict",
        form(DISPOSITION, TYPE, declared="multipart/form-data; charset=utf-8; boundary=edge"),
    ),
    "preamble": ("/predict", form(DISPOSITION, TYPE, before=b"hello\r\n")),
    "line-end-before": ("/predict", form(DISPOSITION, TYPE, before=b"\r\n")),
    "epilogue": ("/predict", form(DISPOSITION, TYPE, end=b"--\r\nbye")),
    "delimiter-in-the-file": ("/predict", form(DISPOSITION, data=GOOD + b"\r\n--edge" + GOOD)),
    "no-filename": ("/predict", form(DISPOSITION.partition(b"; filename")[0])),
    "empty-filename": ("/predict", form(DISPOSITION.replace(b"a.png", b""))),
    "filename-first": (
        "/predict",
        form(b'Content-Disposition: form-data; filename="a"; name="image"'),
    ),
    "extended-filename": ("/predict", form(DISPOSITION + b"; filename*=UTF-8''a.png")),
    "escaped-filename": ("/predict", form(DISPOSITION.replace(b"a.png", b'a\\"; name=\\"b'))),
    "other-header": ("/predict", form(DISPOSITION, TYPE, b"X-Other: 1")),
    "no-disposition": ("/predict", form(TYPE)),
    "other-field": ("/predict", form(DISPOSITION.replace(b"image", b"images"))),
    "text": ("/predict", form(DISPOSITION, b"Content-Type: text/plain")),
    "empty-file": ("/predict", form(DISPOSITION, TYPE, data=b"")),
}
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"refused-{name}": request[:2] for name, request in REQUESTS.items()},
    **{f"raw-{name}": ("/predict", as_body(data)) for name, (data, _) in BAD_PICTURES.items()},
    **{f"form-{name}": ("/predict", as_file(data)) for name, (data, _) in BAD_PICTURES.items()},
}


@pytest.fixture(scope="module")
def framework(settings: Settings) -> Iterator[TestClient]:
    """The same service without the shortcut."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("service.app.Shortcut", lambda app, _service: app)
        app = create_app(settings)
        app.middleware_stack = app.build_middleware_stack()
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def shortcut_alone(settings: Settings) -> Iterator[TestClient]:
    """The same service without any route."""
    app = create_app(settings)
    app.router.routes.clear()
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def seen(response: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [item for item in response.headers.multi_items() if item[0] != "x-request-id"]
    return response.status_code, headers, response.content


EVERY = PLAIN | NOT_PLAIN | REFUSED


@pytest.mark.parametrize(("path", "request_"), EVERY.values(), ids=EVERY)
def test_answer_is_the_frameworks(
    client: TestClient, framework: TestClient, path: str, request_: dict[str, Any]
) -> None:
    assert seen(client.post(path, **request_)) == seen(framework.post(path, **request_))


@pytest.mark.parametrize(("path", "request_"), PLAIN.values(), ids=PLAIN)
def test_plain_request_reaches_no_route(
    shortcut_alone: TestClient, path: str, request_: dict[str, Any]
) -> None:
    assert shortcut_alone.post(path, **request_).status_code == 200


@pytest.mark.parametrize(("path", "request_"), NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_other_request_is_left_to_the_route(
    shortcut_alone: TestClient, path: str, request_: dict[str, Any]
) -> None:
    assert shortcut_alone.post(path, **request_).status_code == 404


def test_shortcut_is_counted_like_the_route(client: TestClient) -> None:
    before, _ = counts(client)
    client.post("/predict", content=GOOD).raise_for_status()
    after, predictions = counts(client)
    assert after == before + 1
    assert predictions > 0


def counts(client: TestClient) -> tuple[float, float]:
    lines = client.get("/metrics").text.splitlines()
    return (
        value_of(lines, 'tandem_http_requests_total{method="POST",route="/predict",status="200"}'),
        value_of(lines, 'tandem_predictions_total{model="known",runtime="onnx",version="2"}'),
    )


def value_of(lines: list[str], name: str) -> float:
    return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)

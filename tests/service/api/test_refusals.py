"""Whatever a client may get wrong: the status, and words that say what is accepted."""

import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi.testclient import TestClient

from artifact.errors import NotPublished
from service.api.errors import UNEXPECTED
from service.app import create_app
from service.errors import STATUS
from service.settings import Settings
from tests.known_answer import picture, publish_known_answer
from tests.vision.pictures import chunk, png
from vision.errors import TandemError

GOOD = picture("top-left")
PNG = "image/png"


def as_file(data: bytes, name: str = "a.png", declared: str = PNG) -> dict[str, Any]:
    return {"files": {"image": (name, data, declared)}}


def as_body(data: bytes, declared: str = PNG) -> dict[str, Any]:
    return {"content": data, "headers": {"Content-Type": declared}}


BAD_PICTURES = {
    "text-as-png": (b"this is no picture", 415),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
    "truncated-png": (picture("top-left", side=64)[:60], 400),
    "truncated-jpeg": (picture("top-left", side=64, format="JPEG")[:-200], 400),
    "60000x60000-pixels": (png(60_000, 60_000, chunk(b"IDAT", zlib.compress(b"\0"))), 413),
    "too-many-bytes": (GOOD + bytes(250_000), 413),
}


@pytest.mark.parametrize(("data", "status"), BAD_PICTURES.values(), ids=BAD_PICTURES)
@pytest.mark.parametrize("path", ["/predict", "/compare"])
@pytest.mark.parametrize("send", [as_file, as_body])
def test_bad_picture_is_refused(
    client: TestClient, path: str, send: Any, data: bytes, status: int
) -> None:
    assert_refused(client.post(path, **send(data)), status)


@pytest.mark.parametrize("send", [as_file, as_body])
def test_empty_picture_is_refused(client: TestClient, send: Any) -> None:
    response = client.post("/predict", **send(b""))
    assert response.status_code in (400, 415)
    assert_refused(response, response.status_code)


REQUESTS: dict[str, tuple[str, dict[str, Any], int, list[str]]] = {
    "unknown-model": ("/predict?model=resnet", as_body(GOOD), 404, ["resnet", "contrary, known"]),
    "one-unknown-model": (
        "/compare?model=known&model=nope",
        as_body(GOOD),
        404,
        ["nope", "contrary, known"],
    ),
    "empty-model": ("/predict?model=", as_body(GOOD), 404, ["contrary, known"]),
    "unknown-version": ("/predict?version=9", as_body(GOOD), 404, ["9", "1, 2"]),
    "unknown-runtime": ("/predict?runtime=tflite", as_body(GOOD), 404, ["tflite", "onnx"]),
    "runtime-without-file": (
        "/predict?model=contrary&runtime=torchscript",
        as_body(GOOD),
        404,
        ["contrary", "torchscript", "its runtimes: onnx"],
    ),
    "version-no-number": ("/predict?version=two", as_body(GOOD), 422, ["version", "integer"]),
    "version-zero": ("/predict?version=0", as_body(GOOD), 422, ["version", "1"]),
    "repeated-query": ("/predict?model=nope&model=known", as_body(GOOD), 422, ["model", "once"]),
    "misspelt-query": ("/predict?modle=known", as_body(GOOD), 422, ["modle"]),
    "missing-field": ("/predict", {"files": {"picture": ("a.png", GOOD, PNG)}}, 422, ["image"]),
    "no-files": (
        "/predict/batch",
        {"content": b"--e--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=e"}},
        422,
        ["images", "required"],
    ),
    "text-where-a-file-is-expected": (
        "/predict",
        {"files": {"image": (None, "text")}},
        422,
        ["image", "file"],
    ),
    "option-in-the-form": (
        "/predict",
        {"data": {"model": "known"}, **as_file(GOOD)},
        422,
        ["model", "'image'"],
    ),
    "two-files": (
        "/predict",
        {"files": [("image", ("a.png", GOOD, PNG)), ("image", ("b.png", GOOD, PNG))]},
        400,
        ["Maximum number of files is 1"],
    ),
    "too-many-files": (
        "/predict/batch",
        {"files": [("images", (f"{index}.png", GOOD, PNG)) for index in range(5)]},
        400,
        ["Maximum number of files is 4"],
    ),
    "too-many-fields": (
        "/predict",
        {"data": {f"field{index}": "" for index in range(20)}, **as_file(GOOD)},
        400,
        ["Maximum number of fields"],
    ),
    "no-boundary": (
        "/predict",
        as_body(GOOD, "multipart/form-data"),
        400,
        ["boundary"],
    ),
    "broken-form": (
        "/predict",
        {"content": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=e"}},
        400,
        ["multipart"],
    ),
    "part-of-another-type": (
        "/predict",
        as_file(GOOD, declared="text/plain"),
        415,
        ["text/plain", "image/*"],
    ),
    "body-of-another-type": (
        "/predict",
        as_body(GOOD, "application/json"),
        415,
        ["application/json", "image/*", "multipart/form-data"],
    ),
    "batch-as-raw-body": ("/predict/batch", as_body(GOOD), 415, ["multipart/form-data", "images"]),
    "unknown-comparison": ("/compare?runtimes=fast", as_body(GOOD), 422, ["default", "all"]),
    "body-over-the-limit": ("/predict", as_body(bytes(300_001)), 413, ["300000"]),
}


@pytest.mark.parametrize(("path", "request_", "status", "words"), REQUESTS.values(), ids=REQUESTS)
def test_wrong_request_is_refused(
    client: TestClient, path: str, request_: dict[str, Any], status: int, words: list[str]
) -> None:
    response = client.post(path, **request_)
    assert_refused(response, status)
    for word in words:
        assert word in response.text


@pytest.mark.parametrize(
    "path", ["/models/none", "/models/none/metrics", "/models/none/curves.png"]
)
def test_unknown_model_is_not_found(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "contrary, known" in response.json()["detail"]


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc", "%2fetc%2fpasswd"])
def test_path_in_place_of_a_name_reaches_no_file(client: TestClient, name: str) -> None:
    assert client.get(f"/models/{name}/curves.png").status_code == 404


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/" + "a" * 2048, ""),
        ("/models/" + "a" * 2048, ""),
        ("/models", "model=" + "a" * 8192),
        ("/models", "&".join(f"a{i}" for i in range(257))),
        ("/predict", "&" * 256),
    ],
    ids=["path", "name", "value", "parameters", "separators"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_long_address_is_refused(client: TestClient, method: str, path: str, query: str) -> None:
    response = client.request(method, f"{path}?{query}", content=GOOD)
    assert_refused(response, 414)
    assert "at most 2048 characters of path, 8192 bytes of query" in response.json()["detail"]


def test_long_address_of_the_protocol_is_refused_in_its_words(client: TestClient) -> None:
    response = client.get("/v2/models/" + "a" * 5000)
    assert response.status_code == 400
    assert "the address is too long" in response.json()["error"]


def test_refusals_are_documented(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path, _, status, _ in REQUESTS.values():
        assert str(status) in paths[path.partition("?")[0]]["post"]["responses"]


def test_every_error_has_a_status() -> None:
    def leaves(kind: type[Exception]) -> Iterator[type[Exception]]:
        yield from (leaf for child in kind.__subclasses__() for leaf in leaves(child))
        if not kind.__subclasses__():
            yield kind

    raised = set(leaves(TandemError)) - {NotPublished}  # the service publishes nothing
    assert raised <= set(STATUS)


def test_file_that_changed_on_disk_is_named_without_its_path(tmp_path: Path) -> None:
    artifact = publish_known_answer(tmp_path, runtimes=("onnx",))
    with TestClient(create_app(Settings(models_dir=tmp_path))) as client:
        (artifact.folder / "figures" / "curves.png").write_bytes(b"")
        response = client.get("/models/known/curves.png")
    assert response.status_code == 500
    assert "known/1/figures/curves.png" in response.json()["detail"]
    assert str(tmp_path) not in response.text


def test_unexpected_error_shows_nothing_and_is_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    with (
        TestClient(app, raise_server_exceptions=False) as client,
        monkeypatch.context() as broken,
    ):
        broken.delattr(app.state.service, "predict")
        response = client.post("/predict", **as_body(GOOD))
    assert response.status_code == 500
    assert response.json() == {"detail": UNEXPECTED}
    assert "POST '/predict' failed: AttributeError" in caplog.text


async def post_slowly(settings: Settings, pause: float) -> httpx.Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield GOOD[:20]
        await anyio.sleep(pause)
        yield GOOD[20:]

    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        return await client.post("/predict", content=chunks())


@pytest.mark.parametrize(("allowed", "status"), [(0.1, 408), (5.0, 200)])
def test_body_must_arrive_in_time(settings: Settings, allowed: float, status: int) -> None:
    changed = settings.model_copy(update={"body_seconds": allowed, "runtimes": ("onnx",)})
    response = anyio.run(post_slowly, changed, 0.3)
    assert response.status_code == status, response.text
    if status == 408:
        assert "0.1 s" in response.json()["detail"]


def assert_refused(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    detail = response.json()["detail"]
    assert detail
    for leak in ("Traceback", ".py", "site-packages", tempfile.gettempdir()):
        assert leak not in response.text

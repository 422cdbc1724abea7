"""Requests to `POST /predict`, good and bad, as clients send them."""

from typing import Any

from tests.known_answer import picture
from tests.service.api.test_refusals import BAD_PICTURES, REQUESTS, as_body, as_file

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


ANSWERED: dict[str, tuple[str, dict[str, Any]]] = {
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
    "explained": ("/predict?explain=true", as_body(GOOD)),
    "upper-case-type": ("/predict", as_body(GOOD, "IMAGE/PNG; a=b")),
    "large-picture": ("/predict", as_body(picture("top-left", side=400))),
    "quoted-boundary": (
        "/predict",
        form(DISPOSITION, TYPE, declared='multipart/form-data; boundary="edge"'),
    ),
    "charset": (
        "/predict",
        form(DISPOSITION, TYPE, declared="multipart/form-data; charset=utf-8; boundary=edge"),
    ),
    "line-end-before": ("/predict", form(DISPOSITION, TYPE, before=b"\r\n")),
    "epilogue": ("/predict", form(DISPOSITION, TYPE, end=b"--\r\nbye")),
    "delimiter-in-the-file": ("/predict", form(DISPOSITION, data=GOOD + b"\r\n--edge" + GOOD)),
    "empty-filename": ("/predict", form(DISPOSITION.replace(b"a.png", b""))),
    "filename-first": (
        "/predict",
        form(b'Content-Disposition: form-data; filename="a"; name="image"'),
    ),
    "extended-filename": ("/predict", form(DISPOSITION + b"; filename*=UTF-8''a.png")),
    "escaped-filename": ("/predict", form(DISPOSITION.replace(b"a.png", b'a\\"; name=\\"b'))),
    "other-header": ("/predict", form(DISPOSITION, TYPE, b"X-Other: 1")),
}
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "repeated-parameter": ("/predict?version=1&version=2", as_body(GOOD)),
    "misspelt-parameter": ("/predict?modle=known", as_body(GOOD)),
    "no-such-flag": ("/predict?explain=maybe", as_body(GOOD)),
    "broken-escape": ("/predict?model=%ff%", as_body(GOOD)),
    "empty-body": ("/predict", as_body(b"")),
    "preamble": ("/predict", form(DISPOSITION, TYPE, before=b"hello\r\n")),
    "no-filename": ("/predict", form(DISPOSITION.partition(b"; filename")[0])),
    "no-disposition": ("/predict", form(TYPE)),
    "other-field": ("/predict", form(DISPOSITION.replace(b"image", b"images"))),
    "text": ("/predict", form(DISPOSITION, b"Content-Type: text/plain")),
    "empty-file": ("/predict", form(DISPOSITION, TYPE, data=b"")),
    **{f"refused-{name}": request[:2] for name, request in REQUESTS.items()},
    **{f"raw-{name}": ("/predict", as_body(data)) for name, (data, _) in BAD_PICTURES.items()},
    **{f"form-{name}": ("/predict", as_file(data)) for name, (data, _) in BAD_PICTURES.items()},
}

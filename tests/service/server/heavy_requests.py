"""Requests that are as heavy as they may be, or heavier: each as its bytes on the wire."""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from PIL import Image

SIDE: Final = 28
MEGABYTES: Final = 31  # of a body: just below the limit
_BYTES: Final = MEGABYTES * 1_000_000
_INFER: Final = "/v2/models/mobilenet/infer"
_LENGTH: Final = "Inference-Header-Content-Length"
_RANDOM: Final = np.random.default_rng(0)


def post(path: str, body: bytes, **headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def infer(document: dict[str, Any] | bytes, tensors: bytes = b"", **headers: str) -> bytes:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    length = {_LENGTH: str(len(text))} if tensors else {}
    return post(_INFER, text + tensors, **length, **headers)


def tensor(pictures: int, **more: Any) -> dict[str, Any]:
    shape = [pictures, 1, SIDE, SIDE]
    return {"inputs": [{"name": "input", "shape": shape, "datatype": "FP32", **more}]}


def binary(name: str, datatype: str, shape: list[int], tensors: bytes, **more: Any) -> bytes:
    given: dict[str, Any] = {"name": name, "shape": shape, "datatype": datatype}
    given["parameters"] = {"binary_data_size": len(tensors)}
    return infer({"inputs": [given], **more}, tensors)


def batch(*outputs: dict[str, Any]) -> bytes:
    values = np.zeros((256, 1, SIDE, SIDE), "<f4")
    return binary("input", "FP32", list(values.shape), values.tobytes(), outputs=list(outputs))


def base64_pictures(count: int, characters: int) -> bytes:
    data = b",".join([b'"' + b"A" * characters + b'"'] * count)
    head = b'{"inputs":[{"name":"image","shape":[%d,1],"datatype":"BYTES","data":[' % count
    return infer(head + data + b"]}]}")


def numbers(pictures: int, nested: bool) -> bytes:
    values = _RANDOM.random((pictures, 1, SIDE, SIDE))
    return infer(tensor(pictures, data=(values if nested else values.ravel()).tolist()))


def filled(start: bytes, filler: bytes, end: bytes = b"", size: int = _BYTES) -> bytes:
    return start + filler * ((size - len(start) - len(end)) // len(filler)) + end


def text(filler: bytes) -> bytes:
    return infer(filled(b'{"id":"', filler, b'"}', 8_000_000))


def file_form(field: str, *files: bytes) -> bytes:
    """Write a form of files, with the boundary `edge`."""
    head = f'Content-Disposition: form-data; name="{field}"; filename="a.png"\r\n\r\n'.encode()
    parts = (b"--edge\r\n" + head + data + b"\r\n" for data in files)
    return b"".join(parts) + b"--edge--\r\n"


def upload(body: bytes, path: str = "/predict", boundary: str = "edge") -> bytes:
    return post(path, body, Content_Type=f"multipart/form-data; boundary={boundary}")


def noise(side: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(_RANDOM.integers(0, 255, (side, side), np.uint8)).save(file, "PNG")
    return file.getvalue()


def blank(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("L", (width, height), 255).save(file, "PNG")
    return file.getvalue()


def compressed(megabytes: int, window: int) -> bytes:
    stream = zlib.compressobj(9, wbits=window)
    return b"".join(stream.compress(b" " * 1_000_000) for _ in range(megabytes)) + stream.flush()


def one_by_one(path: str, body: bytes, content_type: str = "image/png") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
    chunks = b"".join(b"1\r\n%c\r\n" % each for each in body)
    return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def address(method: str, path: str) -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode()


_PART: Final = b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n'
_FIELD: Final = b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
_ALL_OUTPUTS: Final = [
    {"name": name} for name in ("logits", "probabilities", "label", "accepted", "reason")
]
_CLASSES: Final = [
    {"name": name, "parameters": {"classification": 10}} for name in ("logits", "probabilities")
]
_KEYS: Final = b",".join(b'"k%d":0' % i for i in range(300_000))
_FEW_KEYS: Final = b",".join(b'"k%d":0' % i for i in range(9_000))

V2: dict[str, Callable[[], bytes]] = {
    "empty elements": lambda: binary("image", "BYTES", [1, 1], bytes(_BYTES)),
    "empty elements in a batch": lambda: binary("image", "BYTES", [64, 1], bytes(_BYTES)),
    "elements cut short": lambda: binary("image", "BYTES", [64, 1], b"\xff" * _BYTES),
    "one large picture": lambda: binary(
        "image", "BYTES", [1, 1], (_BYTES - 4).to_bytes(4, "little") + bytes(_BYTES - 4)
    ),
    "batch of tensors": batch,
    "every output": lambda: batch(*_ALL_OUTPUTS),
    "every class": lambda: batch(*_CLASSES),
    "one output many times": lambda: batch(*_CLASSES * 1000),
    "many outputs": lambda: batch(*({"name": str(i)} for i in range(3000))),
    "many inputs": lambda: infer({"inputs": [{"name": str(i)} for i in range(50_000)]}),
    "long id": lambda: infer({"id": "a" * 7_900_000, **tensor(1, data=[0] * SIDE**2)}),
    "long name": lambda: infer({"inputs": [{"name": "é" * 1_300_000}]}),
    "numbers": lambda: numbers(256, nested=False),
    "nested numbers": lambda: numbers(256, nested=True),
    "too many numbers": lambda: infer(filled(b'{"inputs":[', b"0,", b"0]}")),
    "long numbers": lambda: infer(filled(b'{"id":0.', b"1", b"}", 8_000_000)),
    "as much text as is parsed": lambda: infer(
        filled(b'{"id":"', b"aaaa\xc3\xa9", b'"}', 8_000_000)
    ),
    "as many escapes as are parsed": lambda: infer(
        filled(b'{"id":"', b"\\u0041", b'"}', 8_000_000)
    ),
    "blanks": lambda: infer(filled(b"", b" ", b"{}", 8_000_000)),
    "text beyond the limit": lambda: infer(filled(b'{"id":"', b"a", b'"}')),
    "base64": lambda: base64_pictures(1, 7_900_000),
    "much base64": lambda: base64_pictures(64, 120_000),
    "deep nesting": lambda: infer(b"[" * 200_000),
    "deeper nesting": lambda: infer(b"[" * _BYTES),
    "many keys": lambda: infer(b"{" + _KEYS + b"}"),
    "as many keys as are parsed": lambda: infer(b'{"parameters":{' + _FEW_KEYS + b"}}"),
    "raw tensor": lambda: post(_INFER, bytes(_BYTES), **{_LENGTH: "0"}),
    "index": lambda: post("/v2/repository/index", b"{" + _KEYS + b"}"),
    "byte by byte": lambda: one_by_one(_INFER, b"a" * 300_000),
    "gzip of blanks": lambda: infer(compressed(MEGABYTES, 31), Content_Encoding="gzip"),
    "deflate bomb": lambda: infer(compressed(300, 15), Content_Encoding="deflate"),
    "gzip of nothing smaller": lambda: infer(
        gzip.compress(_RANDOM.bytes(_BYTES), 0),
        Content_Encoding="gzip",
        Inference_Header_Content_Length="0",
    ),
    "answer compressed": lambda: infer(
        tensor(256, data=[0] * 256 * SIDE**2) | {"outputs": _ALL_OUTPUTS}, Accept_Encoding="gzip"
    ),
}
FORMS: dict[str, Callable[[], bytes]] = {
    "beginnings of boundaries": lambda: upload(file_form("image", filled(b"", b"\r\n--edg"))),
    "carriage returns": lambda: upload(file_form("image", b"\r" * _BYTES)),
    "ends of lines": lambda: upload(file_form("images", b"\r\n" * (_BYTES // 2)), "/predict/batch"),
    "preamble": lambda: upload(filled(b"", b"\r\n-")),
    "epilogue": lambda: upload(file_form("image", noise(28)) + b"\r\n" * (_BYTES // 2)),
    "long header": lambda: upload(filled(b"--edge\r\nX: ", b"a")),
    "many headers": lambda: upload(filled(b"--edge\r\n", b"X: a\r\n", b"\r\n")),
    "many fields": lambda: upload(_FIELD * 400_000),
    "long field": lambda: upload(filled(_FIELD[:-2], b"a")),
    "many empty files": lambda: upload(
        (_PART + b"\r\n\r\n") * 300_000 + b"--edge--\r\n", "/predict/batch"
    ),
    "long disposition": lambda: upload(filled(_PART[:-2], b"; a=b")),
    "quoted disposition": lambda: upload(
        b'--edge\r\nContent-Disposition: form-data; a="' + b'\\"' * 2000 + b'"\r\n\r\n'
    ),
    "long boundary": lambda: upload(file_form("image", b""), boundary="e" * 20_000),
    "parameters": lambda: upload(b"x", boundary="edge; " + "a=b; " * 5000),
    "quoted parameters": lambda: upload(b"x", boundary='edge; a="' + '\\"' * 12_000 + '"'),
    "form byte by byte": lambda: one_by_one(
        "/predict", file_form("image", bytes(300_000)), "multipart/form-data; boundary=edge"
    ),
    "not a form": lambda: post(
        "/predict", b"a=b&" * 7_000_000, Content_Type="application/x-www-form-urlencoded"
    ),
    "no picture": lambda: post("/predict", _RANDOM.bytes(_BYTES)),
    "gzip of a body": lambda: post("/predict", compressed(MEGABYTES, 31), Content_Encoding="gzip"),
}
PICTURES: dict[str, Callable[[], bytes]] = {
    "batch of small pictures": lambda: upload(
        file_form("images", *[noise(28)] * 64), "/predict/batch"
    ),
    "batch of noise": lambda: upload(file_form("images", *[noise(64)] * 64), "/predict/batch"),
    "comparison on every runtime": lambda: post("/compare?runtimes=all&explain=true", noise(64)),
    "layers of every kind": lambda: post("/explain?model=conv&layers=true", noise(64)),
    "features of all test pictures": lambda: post("/nearest?model=mobilenet", noise(64)),
    "time of each layer": lambda: post("/models/mobilenet/profile", b""),
    "as many pixels as are accepted": lambda: post("/predict", blank(8000, 8000)),
    "as long a side as is accepted": lambda: post("/predict", blank(900, 65_535)),
    "longer side": lambda: post("/predict", blank(1, 31_000_000)),
    "explanation": lambda: post("/predict?explain=true", noise(64)),
}
_NAMES: Final = "&".join(f"a{i}=1" for i in range(3000))
ADDRESSES: dict[str, Callable[[], bytes]] = {
    f"{method} {path[:20]}, {what}": lambda m=method, p=path, q=query: address(m, f"{p}?{q}")
    for method, path in (("POST", "/predict"), ("GET", "/models/conv"), ("POST", _INFER))
    for what, query in (
        ("names", _NAMES),
        ("separators", "a&" * 15_000),
        ("value", "model=" + "a" * 30_000),
        ("escapes", "model=" + "%41" * 10_000),
    )
} | {
    "long path": lambda: address("POST", "/models/" + "a" * 30_000),
    "many folders": lambda: address("GET", "/a" * 15_000),
    "long version": lambda: address("GET", f"/v2/models/conv/versions/{'1' * 30_000}"),
}

_EXISTING: Final = {"name": "mobilenet", "version": 1, "figure": "accuracy", "role": "onnx"} | {
    "number": 0,
    "dataset": "mnist",
    "sheet": 0,
    "index": 0,
}


def routes(document: dict[str, Any], studies: Sequence[str]) -> Iterator[bytes]:
    """Ask for every GET route of an OpenAPI document, with parameters that exist."""
    for path, operations in document["paths"].items():
        for study in studies if "{study}" in path else studies[:1]:
            if "get" in operations:
                yield get(path.format(**_EXISTING, study=study))

"""What is posted: ten handwritten digits, encoded in every way that a server here takes them.

The digits are scikit-learn's (8 x 8, from the UCI repository), enlarged: once with MNIST's size,
place and brightness, and once dark on light paper and off the middle, so that a server which looks
for the ink has to find it. Both are 28 x 28 PNG files. One of each class is taken, the first that
the ONNX file names rightly both ways.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from artifact.predictor import Predictor
from bench import preprocess
from vision.decode import decode
from vision.digit.geometry import normalise, normalised_box
from vision.pixels import Pixels
from vision.preprocess import tensor, view

Kind = Literal["picture", "drawing", "form", "tensor", "batch"]
Tensor = NDArray[np.float32]
Json = dict[str, Any]  # of servers that each have their own

BATCH: Final = 256
INPUT: Final = "input"  # as the published ONNX files call it
_SIDE: Final = 28
_BOUNDARY: Final = "----tandem-bench-serving"
_LENGTH_HEADER: Final = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class Digit:
    """One handwritten digit as two PNG files, and as the network takes it: [1, 28, 28]."""

    label: str
    picture: bytes
    drawing: bytes
    normalised: Tensor


@dataclass(frozen=True)
class Body:
    """Requests of one kind.

    Attributes:
        headers: The same for all of them.
        contents: One body a request.
        labels: What each request's pictures show.
    """

    headers: dict[str, str]
    contents: tuple[bytes, ...]
    labels: tuple[tuple[str, ...], ...]

    def write(self, folder: Path) -> list[Path]:
        """Write one file a body."""
        folder.mkdir(parents=True)
        paths = [folder / str(index) for index in range(len(self.contents))]
        for path, content in zip(paths, self.contents, strict=True):
            path.write_bytes(content)
        return paths


def choose_digits(predictor: Predictor) -> list[Digit]:
    """Take the first of each class that the model names rightly in both pictures."""
    chosen: dict[str, Digit] = {}
    for digit in _digits(predictor):
        if digit.label not in chosen and _names_rightly(predictor, digit):
            chosen[digit.label] = digit
        if len(chosen) == len(predictor.manifest.labels):
            break
    return [chosen[label] for label in sorted(chosen)]


def encode(kind: Kind, digits: Sequence[Digit]) -> Body:
    """Make requests of that kind."""
    return _ENCODERS[kind](digits)


def read_labels(answer: bytes, headers: Mapping[str, str], labels: Sequence[str]) -> list[str]:
    """Say what an answer names: one label, or one a row of the logits that it carries.

    Args:
        answer: The body.
        headers: By their names in lower case.
        labels: Of the classes, in the logits' order.

    Raises:
        ValueError: It is no answer of a kind that is known here.
    """
    length = int(headers.get(_LENGTH_HEADER.lower(), len(answer)))
    content = json.loads(answer[:length])
    if "label" in content:
        return [content["label"]]
    scores = _read_scores(content.get("outputs", []), answer[length:], len(labels))
    return [labels[index] for index in scores.argmax(axis=1)]


def _read_scores(outputs: list[Json], binary: bytes, classes: int) -> Tensor:
    """The first output that has one number for each class."""
    at = 0
    for output in outputs:
        length = output.get("parameters", {}).get("binary_data_size", 0)
        if output["datatype"] == "FP32" and output["shape"][-1] == classes:
            data = output.get("data")
            found = np.frombuffer(binary[at : at + length], "<f4") if data is None else data
            return np.array(found, np.float32).reshape(-1, classes)
        at += length
    raise ValueError("no output has one number for each class")


def _digits(predictor: Predictor) -> Iterator[Digit]:
    bunch = load_digits()
    for ink, label in zip(bunch.images, bunch.target, strict=True):
        large = cv2.resize(ink * (255 / 16), (160, 160), interpolation=cv2.INTER_CUBIC)
        strength = np.rint(large).clip(0, 255).astype(np.uint8)
        pixels = normalise(strength, (_SIDE, _SIDE))
        if normalised_box(pixels):
            picture = preprocess.encode(pixels, "PNG")
            seen = view(decode(picture), predictor.manifest.input)
            batch = tensor([seen], predictor.manifest.input)
            drawing = preprocess.encode(_draw(strength), "PNG")
            yield Digit(str(label), picture, drawing, batch[0])


def _draw(strength: Pixels) -> Pixels:
    """Draw the ink dark on light paper, small and off the middle."""
    paper = np.full((200, 200), 235, np.float32)
    paper[10:170, 20:180] -= strength * np.float32(200 / 255)
    small = cv2.resize(paper, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    drawn: Pixels = np.rint(small).astype(np.uint8)
    return drawn


def _names_rightly(predictor: Predictor, digit: Digit) -> bool:
    spec = predictor.manifest.input
    views = [view(decode(data), spec) for data in (digit.picture, digit.drawing)]
    return all(answer.label == digit.label for answer in predictor.predict(views))


def _pictures(digits: Sequence[Digit]) -> Body:
    pictures = tuple(digit.picture for digit in digits)
    return Body({"Content-Type": "image/png"}, pictures, _one_label_each(digits))


def _drawings(digits: Sequence[Digit]) -> Body:
    drawings = tuple(digit.drawing for digit in digits)
    return Body({"Content-Type": "image/png"}, drawings, _one_label_each(digits))


def _forms(digits: Sequence[Digit]) -> Body:
    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    return Body(headers, tuple(_form(digit.picture) for digit in digits), _one_label_each(digits))


def _form(picture: bytes) -> bytes:
    disposition = 'Content-Disposition: form-data; name="image"; filename="digit.png"'
    head = f"--{_BOUNDARY}\r\n{disposition}\r\nContent-Type: image/png\r\n\r\n"
    return head.encode() + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _tensors(digits: Sequence[Digit]) -> Body:
    """One tensor a request, its numbers as JSON."""
    contents = tuple(
        json.dumps({"inputs": [_input(1) | {"data": digit.normalised.ravel().tolist()}]}).encode()
        for digit in digits
    )
    return Body({"Content-Type": "application/json"}, contents, _one_label_each(digits))


def _batches(digits: Sequence[Digit]) -> Body:
    """One request of many tensors, its numbers as they lie in memory, both ways."""
    chosen = [digits[index % len(digits)] for index in range(BATCH)]
    data = np.stack([digit.normalised for digit in chosen]).astype("<f4").tobytes()
    described = _input(BATCH) | {"parameters": {"binary_data_size": len(data)}}
    request = {"inputs": [described], "parameters": {"binary_data_output": True}}
    head = json.dumps(request).encode()
    headers = {"Content-Type": "application/octet-stream", _LENGTH_HEADER: str(len(head))}
    return Body(headers, (head + data,), (tuple(digit.label for digit in chosen),))


def _input(size: int) -> dict[str, object]:
    return {"name": INPUT, "shape": [size, 1, _SIDE, _SIDE], "datatype": "FP32"}


def _one_label_each(digits: Sequence[Digit]) -> tuple[tuple[str, ...], ...]:
    return tuple((digit.label,) for digit in digits)


_ENCODERS: Final[dict[Kind, Callable[[Sequence[Digit]], Body]]] = {
    "picture": _pictures,
    "drawing": _drawings,
    "form": _forms,
    "tensor": _tensors,
    "batch": _batches,
}

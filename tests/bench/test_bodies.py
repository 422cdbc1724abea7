import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from artifact.predictor import Predictor
from artifact.repository import Repository
from bench.serving.bodies import BATCH, Body, Digit, Kind, choose_digits, encode, read_labels
from vision.decode import decode
from vision.digit.geometry import normalised_box

LABELS = tuple("0123456789")
KINDS: tuple[Kind, ...] = get_args(Kind)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    models = Path(__file__).parents[2] / "models"
    return Repository.scan(models).get("mobilenet").open("onnx")


@pytest.fixture(scope="module")
def digits(predictor: Predictor) -> list[Digit]:
    return choose_digits(predictor)


def test_there_is_one_digit_of_each_class(digits: list[Digit]) -> None:
    assert tuple(digit.label for digit in digits) == LABELS
    assert len({digit.picture for digit in digits}) == len(LABELS)


def test_pictures_look_like_those_of_mnist_and_drawings_do_not(digits: list[Digit]) -> None:
    for digit in digits:
        picture, drawing = (decode(data).pixels for data in (digit.picture, digit.drawing))
        assert picture.shape == drawing.shape == (28, 28, 1)
        assert normalised_box(picture[..., 0])
        assert not normalised_box(255 - drawing[..., 0])


def test_tensor_is_what_the_network_takes(digits: list[Digit], predictor: Predictor) -> None:
    logits = predictor.run(np.stack([digit.normalised for digit in digits]))
    assert [LABELS[index] for index in logits.argmax(axis=1)] == list(LABELS)


@pytest.mark.parametrize("kind", KINDS)
def test_body_says_what_each_request_shows(kind: Kind, digits: list[Digit]) -> None:
    body = encode(kind, digits)
    assert len(body.contents) == len(body.labels)
    assert {len(labels) for labels in body.labels} == {BATCH if kind == "batch" else 1}


def test_batch_is_framed_as_the_protocol_says(digits: list[Digit]) -> None:
    body = encode("batch", digits)
    length = int(body.headers["Inference-Header-Content-Length"])
    [tensor] = json.loads(body.contents[0][:length])["inputs"]
    assert tensor["parameters"]["binary_data_size"] == len(body.contents[0]) - length
    sent = np.frombuffer(body.contents[0][length:], "<f4").reshape(tensor["shape"])
    assert (sent[11] == digits[1].normalised).all()


def test_bodies_are_written_one_a_file(tmp_path: Path) -> None:
    paths = Body({}, (b"a", b"b"), (("0",), ("1",))).write(tmp_path / "bodies")
    assert [path.read_bytes() for path in paths] == [b"a", b"b"]


def logits(*best: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.eye(len(LABELS), dtype=np.float32)[list(best)]


def test_label_of_an_answer_is_read() -> None:
    assert read_labels(b'{"label": "7", "probability": 0.9}', {}, LABELS) == ["7"]


def test_logits_as_json_are_read() -> None:
    output = {"name": "logits", "datatype": "FP32", "shape": [2, 10]}
    answer = {"outputs": [output | {"data": logits(3, 4).ravel().tolist()}]}
    assert read_labels(json.dumps(answer).encode(), {}, LABELS) == ["3", "4"]


def test_logits_as_bytes_are_read_where_they_lie() -> None:
    ids = np.arange(2, dtype="<i8").tobytes()
    outputs = [
        {"datatype": "INT64", "shape": [2, 1], "parameters": {"binary_data_size": len(ids)}},
        {"datatype": "FP32", "shape": [2, 10], "parameters": {"binary_data_size": 80}},
    ]
    head = json.dumps({"outputs": outputs}).encode()
    answer = head + ids + logits(8, 0).tobytes()
    headers = {"inference-header-content-length": str(len(head))}
    assert read_labels(answer, headers, LABELS) == ["8", "0"]


def test_answer_without_scores_is_refused() -> None:
    with pytest.raises(ValueError, match="no output"):
        read_labels(b'{"outputs": []}', {}, LABELS)

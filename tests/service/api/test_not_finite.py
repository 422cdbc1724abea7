"""A network that answers some pictures with NaN: the service answers in words, never NaN."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
from onnx import helper

from tests.known_answer import (
    LABELS,
    SIDE,
    SOURCE,
    TARGET,
    picture,
    publish_known_answer,
    replace_files,
)
from tests.onnx_files import onnx_file
from tests.service.process import Running, Start

WORDS = "model known version 1 answers with numbers that are not finite on onnx"
BLACK, WHITE = picture(), picture(*LABELS)
TENSOR = np.ones((1, 1, SIDE, SIDE), np.float32)
INFER = "/v2/models/known/infer"


def square_root_of_darkness() -> bytes:
    """A network of 4 labels whose logits are the root of 0.5 minus a quarter's brightness."""
    quarters = np.full((4, 1, SIDE, SIDE), 1 / SIDE**2, np.float32)
    nodes = [
        helper.make_node("Conv", ["pixels", "quarters"], ["means"]),
        helper.make_node("Sub", ["half", "means"], ["darkness"]),
        helper.make_node("Sqrt", ["darkness"], ["roots"]),
        helper.make_node("Flatten", ["roots"], ["logits"]),
    ]
    weights = {"quarters": quarters, "half": np.array(0.5, np.float32)}
    return onnx_file(nodes, SOURCE, TARGET, weights)


@pytest.fixture(scope="module")
def running(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("models")
    replace_files(publish_known_answer(root, runtimes=("onnx",)), onnx=square_root_of_darkness())
    with start(models_dir=root) as running:
        yield running


def images(*pictures: bytes) -> list[tuple[str, tuple[str, io.BytesIO, str]]]:
    return [("images", ("a.png", io.BytesIO(each), "image/png")) for each in pictures]


def tensor(**outputs: Any) -> dict[str, Any]:
    given = {"name": "pixels", "shape": list(TENSOR.shape), "datatype": "FP32"}
    return {"inputs": [{**given, "data": TENSOR.ravel().tolist()}], **outputs}


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/predict", {"content": WHITE}),
        ("/predict", {"files": {"image": ("a.png", WHITE, "image/png")}}),
        ("/predict?explain=true", {"content": WHITE}),
        ("/predict/batch", {"files": images(BLACK, WHITE)}),
        ("/compare", {"content": WHITE}),
    ],
    ids=["raw", "form", "explain", "batch", "compare"],
)
def test_answer_that_is_not_finite_is_told_in_words(
    running: Running, path: str, request_: dict[str, Any]
) -> None:
    response = httpx.post(f"{running.url}{path}", **request_)
    answer = json.loads(response.content, parse_constant=pytest.fail)
    assert (response.status_code, answer.get("detail", answer.get("error"))) == (500, WORDS)
    assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize("output", ["logits", "probabilities"])
def test_tensor_may_be_the_reason_and_bytes_may_hold_it(running: Running, output: str) -> None:
    def infer(**parameters: bool) -> httpx.Response:
        document = tensor(outputs=[{"name": output, "parameters": parameters}])
        return httpx.post(running.url + INFER, json=document)

    refused = infer()
    assert refused.status_code == 400
    assert f"output '{output}' is not finite for this input" in refused.json()["error"]
    assert infer(binary_data=True).status_code == 200


def test_requests_beside_it_are_answered(running: Running) -> None:
    def predict(content: bytes) -> int:
        return httpx.post(f"{running.url}/predict", content=content).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(predict, [BLACK, WHITE] * 40))
    assert statuses == [200, 500] * 40

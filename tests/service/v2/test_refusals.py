"""What is wrong with a request is said in the protocol's words, and with its statuses."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tritonclient.http import InferenceServerClient, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from service.v2 import outputs
from tests.service.v2.asking import (
    TENSOR,
    ZEROS,
    ask,
    binary,
    image,
    post,
    refused,
    tensor,
)
from tests.service.v2.tensors import tensor_input

NESTED = np.zeros((1, 1, 8, 8)).tolist()
JSON_REFUSALS = {
    "empty": (b"", "no JSON"),
    "no-json": (b"pixels", "no JSON"),
    "cut-json": (b'{"inputs": [', "no JSON"),
    "list": (b"[]", "must be a JSON object"),
    "nan": (json.dumps(ask(tensor(data=[float("nan")] * 64))).encode(), "no JSON"),
    "infinity": (json.dumps(ask(tensor(data=[float("inf")] * 64))).encode(), "no JSON"),
    "deep": (b"[" * 5000, "no JSON"),
    "no-inputs": ({}, "must have `inputs`"),
    "empty-inputs": (ask(), "must have `inputs`"),
    "inputs-object": ({"inputs": tensor()}, "`inputs` a list"),
    "input-text": (ask("pixels"), "`inputs` must be a list of objects"),
    "no-name": (ask({"shape": [1]}), "must have `name`"),
    "no-datatype": (ask({"name": "pixels", "shape": [1]}), "must have `datatype`"),
    "no-shape": (ask({"name": "pixels", "datatype": "FP32"}), "must have `shape`"),
    "id-number": (ask(tensor(), id=7), "`id` text"),
    "id-long": (ask(tensor(), id="a" * 1001), "`id` has 1001 characters; at most 1000"),
    "parameters-list": (ask(tensor(), parameters=[1]), "`parameters` an object"),
    "sequence": (ask(tensor(), parameters={"sequence_id": 7}), "no state"),
    "unknown-input": (ask(tensor(name="x")), "no input 'x'; accepted: 'pixels': FP32"),
    "two-inputs": (ask(tensor(), image("")), "one input is accepted, not 2"),
    "same-input-twice": (ask(tensor(), tensor()), "`inputs` has 'pixels' twice"),
    "many-inputs": (ask(*[image("", name=str(i)) for i in range(17)]), "has 17 entries; at most"),
    "other-datatype": (ask(tensor(datatype="FP64")), "datatype 'FP64'; accepted: FP32"),
    "unknown-datatype": (ask(tensor(datatype="fp32")), "datatype 'fp32'; accepted: FP32"),
    "other-rank": (ask(tensor(shape=[1, 64])), r"shape [1, 64]; accepted: [-1, 1, 8, 8]"),
    "other-size": (ask(tensor(shape=[1, 1, 4, 16])), "accepted: [-1, 1, 8, 8]"),
    "no-dimension": (ask(tensor(shape=[])), "shape []; accepted: [-1, 1, 8, 8]"),
    "negative-size": (ask(tensor(shape=[-1, 1, 8, 8])), "none negative"),
    "fraction-size": (ask(tensor(shape=[1.0, 1, 8, 8])), "at most 8 integers"),
    "true-size": (ask(tensor(shape=[True, 1, 8, 8])), "at most 8 integers"),
    "huge-size": (ask(tensor(shape=[2**62, 1, 8, 8])), "accepted: 1 to 256"),
    "huger-size": (ask(tensor(shape=[10**40, 1, 8, 8])), "at most 8 integers of 64 bits"),
    "many-dimensions": (ask(tensor(shape=[1] * 99)), "at most 8 integers"),
    "empty-batch": (ask(tensor(shape=[0, 1, 8, 8], data=[])), "batch of 0; accepted: 1 to 256"),
    "too-large-a-batch": (ask(tensor(shape=[257, 1, 8, 8])), "batch of 257; accepted: 1 to 256"),
    "no-data": (ask(tensor(data=None)), "a list `data`, or binary"),
    "data-text": (ask(tensor(data="0")), "a list `data`, or binary"),
    "too-few-values": (ask(tensor(data=ZEROS[1:])), "has 63 values; shape [1, 1, 8, 8] takes 64"),
    "too-many-values": (ask(tensor(data=[*ZEROS, 0])), "has 65 values"),
    "text-value": (ask(tensor(data=["1"] * 64)), "must hold numbers"),
    "null-value": (ask(tensor(data=[*ZEROS[1:], None])), "must hold numbers"),
    "object-value": (ask(tensor(data=[*ZEROS[1:], {}])), "must hold numbers"),
    "list-among-values": (ask(tensor(data=[*ZEROS[1:], [0]])), "must hold numbers"),
    "too-large-value": (ask(tensor(data=[*ZEROS[1:], 1e39])), "too large for FP32"),
    "huge-integer": (ask(tensor(data=[*ZEROS[1:], 10**400])), "no JSON: number is infinity"),
    "nested-otherwise": (ask(tensor(data=[ZEROS])), "nested as its shape [1, 1, 8, 8] says"),
    "nested-unevenly": (ask(tensor(data=[[[*NESTED[0][0][1:], 0]]])), "nested as its shape"),
    "nested-too-deep": (ask(tensor(data=[[NESTED]])), "nested as its shape"),
    "shared-memory": (
        ask(tensor(parameters={"shared_memory_region": "r"})),
        "shared memory, which is not supported",
    ),
    "size-without-bytes": (ask(binary()), "behind the JSON are 0 bytes left"),
    "size-and-data": (ask(tensor(parameters={"binary_data_size": 0})), "one of the two"),
    "size-text": (ask(binary(parameters={"binary_data_size": "256"})), "an integer"),
    "picture-datatype": (ask(image("", datatype="FP32")), "datatype 'FP32'; accepted: BYTES"),
    "picture-shape": (ask(image("", shape=[1, 1, 1])), "accepted: [-1, 1] and [-1]"),
    "no-picture": (ask(image()), "batch of 0; accepted: 1 to 4"),
    "too-many-pictures": (ask(image(*[""] * 5)), "batch of 5; accepted: 1 to 4"),
    "picture-no-base64": (ask(image("%")), "must hold base64 text"),
    "picture-no-ascii": (ask(image("ä")), "must hold base64 text"),
    "picture-base64url": (ask(image("_-8=")), "Only base64 data is allowed"),
    "picture-cut": (ask(image("AAA")), "must hold base64 text in JSON"),
    "picture-padded-within": (ask(image("AA==AAAA")), "more behind the padding"),
    "picture-url": (ask(image("https://example.org/7.png")), "must hold base64 text"),
    "picture-data-url": (ask(image("data:image/svg+xml,%3Csvg")), "data:image/png;base64,"),
    "picture-data-url-cut": (ask(image("data:image/png;base64")), "begin as in data:image/png"),
    "picture-number": (ask(image(7)), "must hold base64 text"),
    "no-picture-at-all": (ask(image("AAAA")), "picture 0 of 'image': not a picture"),
    "unknown-output": (ask(tensor(), outputs=[{"name": "x"}]), "no output 'x'; accepted: 'logits'"),
    "same-output-twice": (
        ask(tensor(), outputs=[{"name": "logits"}] * 2),
        "`outputs` has 'logits' twice; each name is accepted once",
    ),
    "many-outputs": (
        ask(tensor(), outputs=[{"name": str(i)} for i in range(17)]),
        "`outputs` has 17 entries; at most 16",
    ),
    "output-text": (ask(tensor(), outputs=["logits"]), "`outputs` must be a list of objects"),
    "output-to-shared-memory": (
        ask(tensor(), outputs=[{"name": "logits", "parameters": {"shared_memory_region": "r"}}]),
        "shared memory, which is not supported",
    ),
    "binary-number": (
        ask(tensor(), outputs=[{"name": "logits", "parameters": {"binary_data": 1}}]),
        "true or false",
    ),
    "classes-zero": (
        ask(tensor(), outputs=[{"name": "logits", "parameters": {"classification": 0}}]),
        "at least 1",
    ),
    "classes-true": (
        ask(tensor(), outputs=[{"name": "logits", "parameters": {"classification": True}}]),
        "an integer",
    ),
    "classes-of-a-label": (
        ask(tensor(), outputs=[{"name": "label", "parameters": {"classification": 1}}]),
        "output 'label' has no classes",
    ),
}


@pytest.mark.parametrize(("document", "why"), JSON_REFUSALS.values(), ids=JSON_REFUSALS.keys())
def test_json_that_is_wrong_is_refused(client: TestClient, document: Any, why: str) -> None:
    assert why in refused(post(client, document))


@pytest.mark.parametrize("runtime", ["tensorrt", "onnx-int8", ""])
def test_runtime_that_is_not_open_is_not_found(client: TestClient, runtime: str) -> None:
    response = post(client, ask(tensor(), parameters={"runtime": runtime}))
    assert "its runtimes: onnx, torchscript" in refused(response, 404)


LONG = struct.pack("<I", 2**32 - 1)
BINARY_REFUSALS = {
    "too-few-bytes": (binary(4, shape=[1, 1, 8, 8]), TENSOR[:4], "has 4 bytes; shape"),
    "too-many-bytes": (binary(260), TENSOR + bytes(4), "has 260 bytes; shape"),
    "fewer-than-announced": (binary(), TENSOR[:-1], "behind the JSON are 255 bytes left"),
    "more-than-announced": (binary(), TENSOR + b"0", "1 bytes follow that belong to no input"),
    "bytes-nobody-announced": (tensor(), b"0", "1 bytes follow that belong to no input"),
    "negative-size": (binary(-1), TENSOR, "binary_data_size -1"),
    "huge-size": (binary(2**60), TENSOR, "behind the JSON are 256 bytes left"),
    "huger-size": (binary(2**70), TENSOR, "`binary_data_size` an integer of 64 bits"),
    "cut-element-length": (binary(3, name="image", shape=[1], datatype="BYTES"), bytes(3), "cut"),
    "cut-element": (binary(4, name="image", shape=[1], datatype="BYTES"), LONG, "cut short"),
    "too-few-elements": (
        binary(4, name="image", shape=[2], datatype="BYTES"),
        bytes(4),
        "cut short: shape [2] takes 2 elements",
    ),
    "too-many-elements": (
        binary(8, name="image", shape=[1], datatype="BYTES"),
        bytes(8),
        "has 4 bytes more than the 1 elements that shape [1] takes",
    ),
}


@pytest.mark.parametrize(
    ("given", "tensors", "why"), BINARY_REFUSALS.values(), ids=BINARY_REFUSALS.keys()
)
def test_bytes_that_are_wrong_are_refused(
    client: TestClient, given: dict[str, Any], tensors: bytes, why: str
) -> None:
    assert why in refused(post(client, ask(given), tensors))


def test_answer_of_too_many_values_is_too_large(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "_MOST_VALUES", 7)
    texts = [{"name": "logits"}, {"name": "probabilities", "parameters": {"classification": 9}}]
    why = refused(post(client, ask(tensor(), outputs=texts)), 413)
    assert "would hold 8 values as text; at most 7" in why
    in_bytes = [{"name": "logits", "parameters": {"binary_data": True}}]
    assert post(client, ask(tensor(), outputs=in_bytes)).status_code == 200


NOT_FINITE = np.full((1, 1, 8, 8), np.nan, np.float32)


def test_bytes_that_are_no_finite_numbers_come_back_as_such(triton: InferenceServerClient) -> None:
    result = triton.infer(
        "known",
        [tensor_input(NOT_FINITE)],
        outputs=[InferRequestedOutput(name) for name in ("logits", "probabilities", "accepted")],
    )
    assert np.isnan(result.as_numpy("logits")).all()
    assert result.as_numpy("accepted").tolist() == [[False]]


def test_output_that_is_no_finite_number_is_refused_in_json(triton: InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="not finite for this input"):
        triton.infer(
            "known",
            [tensor_input(NOT_FINITE)],
            outputs=[InferRequestedOutput("logits", binary_data=False)],
        )

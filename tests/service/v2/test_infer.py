"""Inference as the real client asks for it."""

import asyncio
import json
from base64 import b64encode, encodebytes
from typing import Any

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferRequestedOutput, InferResult, aio

from tests.known_answer import LABELS, known_probability
from tests.service.v2.asking import INFER, ask, image
from tests.service.v2.server import Served
from tests.service.v2.tensors import (
    V2_GAIN,
    image_input,
    logits,
    pictures,
    quarters,
    tensor_input,
)

FIRST, SECOND = "top-right", "bottom-left"


def wanted(name: str, *, binary: bool = True, classes: int = 0) -> InferRequestedOutput:
    return InferRequestedOutput(name, binary_data=binary, class_count=classes)


def infer(client: InferenceServerClient, *labels: str, **options: Any) -> InferResult:
    return client.infer("known", [tensor_input(quarters(*labels))], **options)


def texts(result: InferResult, name: str) -> list[list[str]]:
    """A BYTES output, which the client gives as bytes from bytes and as text from JSON."""
    rows: list[list[str]] = np.vectorize(
        lambda value: value.decode() if isinstance(value, bytes) else value, otypes=[object]
    )(result.as_numpy(name)).tolist()
    return rows


@pytest.mark.parametrize("binary_output", [True, False], ids=["to-bytes", "to-json"])
@pytest.mark.parametrize("binary_input", [True, False], ids=["from-bytes", "from-json"])
def test_every_mix_of_json_and_bytes_gives_the_logits(
    triton: InferenceServerClient, binary_input: bool, binary_output: bool
) -> None:
    given = tensor_input(quarters(FIRST, SECOND), binary=binary_input)
    result = triton.infer("known", [given], outputs=[wanted("logits", binary=binary_output)])
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST, SECOND))
    assert ("data" in result.get_output("logits")) is not binary_output


def test_logits_are_the_answer_where_no_output_is_named(triton: InferenceServerClient) -> None:
    result = infer(triton, FIRST)
    [output] = result.get_response()["outputs"]
    assert output == {
        "name": "logits",
        "datatype": "FP32",
        "shape": [1, 4],
        "parameters": {"binary_data_size": 16},
    }
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST))


@pytest.mark.parametrize("binary", [True, False], ids=["to-bytes", "to-json"])
def test_all_outputs_come_in_the_order_they_are_asked_for(
    triton: InferenceServerClient, binary: bool
) -> None:
    names = ["reason", "label", "accepted", "probabilities", "logits"]
    outputs = [wanted(name, binary=binary) for name in names]
    result = infer(triton, FIRST, SECOND, outputs=outputs)
    assert [output["name"] for output in result.get_response()["outputs"]] == names
    assert texts(result, "label") == [[FIRST], [SECOND]]
    assert texts(result, "reason") == [[""], [""]]
    assert result.as_numpy("accepted").tolist() == [[True], [True]]
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST, SECOND))
    probabilities = result.as_numpy("probabilities")
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(probabilities.max(axis=1), known_probability(V2_GAIN), rtol=1e-6)


def test_mixed_outputs_come_each_as_it_was_asked_for(triton: InferenceServerClient) -> None:
    outputs = [wanted("label"), wanted("logits", binary=False), wanted("accepted")]
    result = infer(triton, FIRST, outputs=outputs)
    assert texts(result, "label") == [[FIRST]]
    assert result.get_output("logits")["data"] == logits(FIRST).ravel().tolist()
    assert result.as_numpy("accepted").tolist() == [[True]]


def test_what_is_unlike_the_training_is_not_accepted(triton: InferenceServerClient) -> None:
    alike = np.ones((1, 1, 8, 8), np.float32)
    result = triton.infer(
        "known", [tensor_input(alike)], outputs=[wanted("accepted"), wanted("reason")]
    )
    assert result.as_numpy("accepted").tolist() == [[False]]
    assert texts(result, "reason") == [["unfamiliar"]]


@pytest.mark.parametrize("shape", [(-1, 1), (-1,)], ids=["column", "row"])
def test_pictures_in_bytes_are_preprocessed_here(
    triton: InferenceServerClient, shape: tuple[int, ...]
) -> None:
    given = image_input(*pictures(FIRST, SECOND), shape=shape)
    result = triton.infer("known", [given], outputs=[wanted("logits"), wanted("label")])
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST, SECOND))
    assert texts(result, "label") == [[FIRST], [SECOND]]


@pytest.mark.parametrize("binary", [True, False], ids=["to-bytes", "to-json"])
def test_classification_names_the_best_classes(triton: InferenceServerClient, binary: bool) -> None:
    outputs = [wanted("logits", binary=binary, classes=2)]
    result = infer(triton, FIRST, SECOND, outputs=outputs)
    assert texts(result, "logits") == [
        ["20.000000:1:top-right", "0.000000:0:top-left"],
        ["20.000000:2:bottom-left", "0.000000:0:top-left"],
    ]


def test_classification_gives_no_more_classes_than_there_are(
    triton: InferenceServerClient,
) -> None:
    result = infer(triton, FIRST, outputs=[wanted("probabilities", classes=99)])
    [row] = texts(result, "probabilities")
    assert {entry.split(":", 2)[2] for entry in row} == set(LABELS)
    value, index, label = row[0].split(":")
    assert (int(index), label) == (LABELS.index(FIRST), FIRST)
    assert float(value) == pytest.approx(known_probability(V2_GAIN), abs=1e-6)


def test_id_comes_back(triton: InferenceServerClient) -> None:
    assert infer(triton, FIRST, request_id="a b").get_response()["id"] == "a b"
    assert "id" not in infer(triton, FIRST).get_response()


@pytest.mark.parametrize(("version", "gain"), [("1", V2_GAIN / 2), ("2", V2_GAIN), ("", V2_GAIN)])
def test_version_in_the_path_is_the_one_that_answers(
    triton: InferenceServerClient, version: str, gain: float
) -> None:
    result = infer(triton, FIRST, model_version=version)
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST, gain=gain))
    assert result.get_response()["model_version"] == (version or "2")
    assert result.get_response()["model_name"] == "known"


@pytest.mark.parametrize("runtime", ["onnx", "torchscript"])
def test_runtime_is_chosen_by_a_parameter_and_the_names_stay(
    triton: InferenceServerClient, runtime: str
) -> None:
    result = infer(triton, FIRST, parameters={"runtime": runtime})
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST), rtol=1e-5)


def test_parameters_without_a_meaning_here_change_nothing(triton: InferenceServerClient) -> None:
    result = infer(triton, FIRST, priority=1, timeout=1_000_000, parameters={"mine": 7})
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST))


@pytest.mark.parametrize("binary", [True, False], ids=["bytes", "json"])
@pytest.mark.parametrize("response", [None, "gzip", "deflate"])
@pytest.mark.parametrize("request_", [None, "gzip", "deflate"])
def test_compression_changes_no_answer_in_either_direction(
    triton: InferenceServerClient, request_: str | None, response: str | None, binary: bool
) -> None:
    labels = LABELS * 32
    result = triton.infer(
        "known",
        [tensor_input(quarters(*labels), binary=binary)],
        outputs=[wanted("logits", binary=binary)],
        request_compression_algorithm=request_,
        response_compression_algorithm=response,
    )
    np.testing.assert_allclose(result.as_numpy("logits"), logits(*labels))


def test_largest_batch_comes_back_in_order(triton: InferenceServerClient) -> None:
    labels = [LABELS[index * 7 % 4] for index in range(256)]
    result = infer(triton, *labels)
    np.testing.assert_allclose(result.as_numpy("logits"), logits(*labels))


def test_asynchronous_requests_get_their_own_answers(served: Served) -> None:
    with InferenceServerClient(served.address, concurrency=8) as client:
        asked = [
            (label, client.async_infer("known", [tensor_input(quarters(label))]))
            for label in LABELS * 8
        ]
        for label, answer in asked:
            np.testing.assert_allclose(answer.get_result().as_numpy("logits"), logits(label))


def test_bodies_made_and_read_without_a_connection_fit(served: Served) -> None:
    body, length = InferenceServerClient.generate_request_body([tensor_input(quarters(FIRST))])
    headers = {"Inference-Header-Content-Length": str(length)}
    response = served.post("/v2/models/known/infer", body, headers)
    result = InferenceServerClient.parse_response_body(
        response.content,
        header_length=int(response.headers["inference-header-content-length"]),
        content_encoding=response.headers.get("content-encoding"),
    )
    np.testing.assert_allclose(result.as_numpy("logits"), logits(FIRST))


@pytest.mark.anyio
async def test_asyncio_client_is_answered_too(served: Served) -> None:
    async with aio.InferenceServerClient(served.address) as client:
        assert await client.is_model_ready("known")
        asking = (client.infer("known", [tensor_input(quarters(label))]) for label in LABELS * 4)
        for label, result in zip(LABELS * 4, await asyncio.gather(*asking), strict=True):
            np.testing.assert_allclose(result.as_numpy("logits"), logits(label))


ENCODED = b64encode(pictures(SECOND)[0]).decode()
WRAPPED = encodebytes(pictures(SECOND)[0]).decode()


@pytest.mark.parametrize(
    "text",
    [
        ENCODED,
        WRAPPED,
        WRAPPED.replace("\n", "\r\n"),
        f"  {ENCODED}\t",
        f"data:image/png;base64,{ENCODED}",
        f"data:;base64,{WRAPPED}",
        f"data:image/png;name=a.png;base64,{ENCODED}",
    ],
    ids=["plain", "wrapped", "crlf", "blanks", "data-url", "wrapped-data-url", "with-parameters"],
)
def test_picture_in_json_may_be_wrapped_or_a_data_url(served: Served, text: str) -> None:
    document = ask(image(text), outputs=[{"name": "label"}])
    response = served.post(INFER, json.dumps(document).encode())
    assert response.json()["outputs"][0]["data"] == [SECOND]

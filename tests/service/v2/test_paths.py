"""Paths that lead nowhere are refused in the protocol's words, and with its statuses."""

from collections.abc import Sequence

import pytest
from fastapi.testclient import TestClient
from tritonclient.http import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from service.app import create_app
from service.settings import Settings
from tests.service.v2.asking import (
    refused,
)
from tests.service.v2.server import serving
from tests.service.v2.tensors import quarters, tensor_input


@pytest.mark.parametrize(
    ("path", "status", "why"),
    [
        ("/v2/models/other", 404, "no model 'other'; published models: contrary, known"),
        ("/v2/models/other/ready", 404, "no model 'other'"),
        ("/v2/models/other/config", 404, "no model 'other'"),
        ("/v2/models/other/stats", 404, "no model 'other'"),
        ("/v2/models/..%2Fknown", 404, "Not Found"),
        ("/v2/models/known/versions/3", 404, "no version 3; its versions: 1, 2"),
        ("/v2/models/known/versions/0/ready", 404, "no version 0"),
        ("/v2/models/known/versions/one/config", 400, "version 'one' is none"),
        ("/v2/models/known/versions/-1/stats", 400, "version '-1' is none"),
        ("/v2/models/known/versions/%D9%A1", 400, "is none; accepted: a positive integer"),
        ("/v2/models/known/versions/" + "9" * 1000, 400, "is none"),
        ("/v2/nothing", 404, "Not Found"),
        ("/v2/models/known/infer", 405, "GET is not accepted here; accepted: POST"),
        ("/v2/trace/setting", 501, "trace settings are not supported"),
        ("/v2/models/known/trace/setting", 501, "trace settings are not supported"),
        ("/v2/logging", 501, "log settings are not supported"),
        ("/v2/systemsharedmemory/status", 501, "shared memory is not supported"),
        ("/v2/cudasharedmemory/region/a/status", 501, "shared memory is not supported"),
    ],
)
def test_path_that_leads_nowhere_says_so(
    client: TestClient, path: str, status: int, why: str
) -> None:
    assert why in refused(client.get(path), status)


def test_infer_with_an_unknown_model_or_version_is_not_found(
    triton: InferenceServerClient,
) -> None:
    given: Sequence[InferInput] = [tensor_input(quarters("top-left"))]
    for name, version in [("other", ""), ("known", "3")]:
        with pytest.raises(InferenceServerException) as caught:
            triton.infer(name, given, model_version=version)
        assert caught.value.status() == "404"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v2", 200), ("/v2/health/live", 200), ("/v2/health/ready", 503), ("/v2/models/known", 503)],
)
def test_nothing_but_the_server_is_there_before_the_models_are_loaded(
    settings: Settings, path: str, status: int
) -> None:
    response = TestClient(create_app(settings)).get(path)  # not entered: it does not start up
    assert response.status_code == status
    assert ("error" in response.json()) is (status == 503)
    assert ("retry-after" in response.headers) is (status == 503)


@pytest.mark.parametrize("body", [b"[]", b"ready", b'{"ready": 1}'])
def test_index_of_something_else_is_refused(client: TestClient, body: bytes) -> None:
    refused(client.post("/v2/repository/index", content=body))


def test_full_service_says_so_in_the_protocols_words(settings: Settings) -> None:
    full = settings.model_copy(update={"runtimes": ("onnx",), "max_in_flight": 1})
    with serving(full) as served, InferenceServerClient(served.address) as client:
        given = [tensor_input(quarters("top-left"))]
        served.service.admission.enter()
        with pytest.raises(InferenceServerException, match="limit of 1 requests") as caught:
            client.infer("known", given)
        assert caught.value.status() == "503"
        served.service.admission.leave()
        assert client.infer("known", given)


def test_outside_the_protocol_errors_stay_as_they_were(client: TestClient) -> None:
    assert client.get("/v2nothing").json() == {"detail": "Not Found"}
    assert "detail" in client.get("/models/other").json()

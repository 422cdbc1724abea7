"""What the real client reads of the server and of each model."""

from collections.abc import Iterator
from typing import Any

import pytest
from tritonclient.http import InferenceServerClient
from tritonclient.utils import InferenceServerException

from service.settings import Settings
from tests.known_answer import LABELS
from tests.service.v2.server import serving
from tests.service.v2.tensors import image_input, pictures, quarters, tensor_input

STAGES = ("queue", "compute_input", "compute_infer", "compute_output")


@pytest.fixture
def fresh(settings: Settings) -> Iterator[InferenceServerClient]:
    """A service that has answered nothing yet."""
    onnx_alone = settings.model_copy(update={"runtimes": ("onnx",)})
    with serving(onnx_alone) as served, InferenceServerClient(served.address) as client:
        yield client


def test_server_is_live_and_ready(triton: InferenceServerClient) -> None:
    assert triton.is_server_live()
    assert triton.is_server_ready()


def test_server_that_drains_is_live_and_not_ready(settings: Settings) -> None:
    with serving(settings.model_copy(update={"runtimes": ("onnx",)})) as served:
        served.service.draining = True
        with InferenceServerClient(served.address) as client:
            assert client.is_server_live()
            assert not client.is_server_ready()
            assert client.infer("known", [tensor_input(quarters("top-left"))])


@pytest.mark.parametrize(
    ("name", "version", "ready"),
    [("known", "", True), ("known", "1", True), ("known", "3", False), ("other", "", False)],
)
def test_model_is_ready_if_it_is_loaded(
    triton: InferenceServerClient, name: str, version: str, ready: bool
) -> None:
    assert triton.is_model_ready(name, version) is ready


def test_server_announces_what_it_can_do(triton: InferenceServerClient) -> None:
    metadata = triton.get_server_metadata()
    assert metadata["name"] == "tandem"
    assert metadata["version"]
    assert metadata["extensions"] == [
        "binary_tensor_data",
        "classification",
        "model_configuration",
        "model_repository",
        "parameters",
        "statistics",
    ]


@pytest.mark.parametrize("version", ["", "1"])
def test_metadata_says_what_to_send_and_what_can_be_had(
    triton: InferenceServerClient, version: str
) -> None:
    assert triton.get_model_metadata("known", version) == {
        "name": "known",
        "versions": ["1", "2"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, 1, 8, 8]}],
        "outputs": [
            {"name": "logits", "datatype": "FP32", "shape": [-1, len(LABELS)]},
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, len(LABELS)]},
            {"name": "label", "datatype": "BYTES", "shape": [-1, 1]},
            {"name": "accepted", "datatype": "BOOL", "shape": [-1, 1]},
            {"name": "reason", "datatype": "BYTES", "shape": [-1, 1]},
        ],
    }


@pytest.mark.parametrize("version", ["", "1"])
def test_configuration_leaves_the_batch_out_of_the_dimensions(
    triton: InferenceServerClient, version: str
) -> None:
    configuration = triton.get_model_config("known", version)
    assert configuration["name"] == "known"
    assert configuration["platform"] == "onnxruntime_onnx"
    assert configuration["max_batch_size"] == 256
    assert configuration["input"] == [
        {"name": "pixels", "data_type": "TYPE_FP32", "dims": [1, 8, 8]}
    ]
    assert configuration["output"][0] == {"name": "logits", "data_type": "TYPE_FP32", "dims": [4]}
    assert [output["data_type"] for output in configuration["output"]] == [
        *("TYPE_FP32", "TYPE_FP32", "TYPE_STRING", "TYPE_BOOL", "TYPE_STRING"),
    ]


def stats(client: InferenceServerClient, name: str, version: str = "") -> dict[str, Any]:
    [model] = client.get_inference_statistics(name, version)["model_stats"]
    assert isinstance(model, dict)
    return model


def test_statistics_count_requests_and_pictures(fresh: InferenceServerClient) -> None:
    for labels in [("top-left",), ("top-left", "top-right"), ("bottom-left", "top-left")]:
        fresh.infer("known", [tensor_input(quarters(*labels))])
    fresh.infer("known", [image_input(*pictures("top-left"))])
    with pytest.raises(InferenceServerException):
        fresh.infer("known", [image_input(b"no picture")])
    model = stats(fresh, "known", "2")
    inference = model["inference_stats"]
    assert (model["name"], model["version"]) == ("known", "2")
    assert model["inference_count"] == 6
    assert inference["success"]["count"] == 4
    assert inference["fail"]["count"] == 1
    assert [inference[stage]["count"] for stage in STAGES] == [4, 4, 4, 4]
    assert inference["success"]["ns"] >= sum(inference[stage]["ns"] for stage in STAGES) > 0
    assert inference["fail"]["ns"] > 0
    assert inference["cache_hit"] == inference["cache_miss"] == {"count": 0, "ns": 0}


def test_statistics_tell_batch_sizes_apart(fresh: InferenceServerClient) -> None:
    for labels in [("top-left",), ("top-left", "top-right"), ("bottom-left", "top-left")]:
        fresh.infer("contrary", [tensor_input(quarters(*labels))])
    model = stats(fresh, "contrary")
    assert model["execution_count"] == 3
    assert [
        (batch["batch_size"], batch["compute_infer"]["count"]) for batch in model["batch_stats"]
    ] == [(1, 1), (2, 2)]
    assert model["last_inference"] > 1_600_000_000_000


def test_statistics_of_a_model_are_of_each_version(fresh: InferenceServerClient) -> None:
    fresh.infer("known", [tensor_input(quarters("top-left"))], model_version="1")
    counts = {
        model["version"]: model["inference_count"]
        for model in fresh.get_inference_statistics("known")["model_stats"]
    }
    assert counts == {"1": 1, "2": 0}


def test_statistics_of_everything_name_every_model(triton: InferenceServerClient) -> None:
    models = triton.get_inference_statistics()["model_stats"]
    assert {(model["name"], model["version"]) for model in models} == {
        *(("contrary", "1"), ("known", "1"), ("known", "2")),
    }


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("get_trace_settings", ()),
        ("get_trace_settings", ("known",)),
        ("update_trace_settings", (None, {"trace_level": ["OFF"]})),
        ("update_trace_settings", ("known", {"trace_level": ["OFF"]})),
        ("get_log_settings", ()),
        ("update_log_settings", ({"log_info": True},)),
        ("get_system_shared_memory_status", ()),
        ("get_system_shared_memory_status", ("a",)),
        ("register_system_shared_memory", ("a", "/a", 16)),
        ("unregister_system_shared_memory", ()),
        ("unregister_system_shared_memory", ("a",)),
        ("get_cuda_shared_memory_status", ()),
        ("get_cuda_shared_memory_status", ("a",)),
        ("register_cuda_shared_memory", ("a", b"handle", 0, 16)),
        ("unregister_cuda_shared_memory", ()),
        ("unregister_cuda_shared_memory", ("a",)),
    ],
)
def test_what_is_not_supported_says_so(
    triton: InferenceServerClient, call: str, arguments: tuple[Any, ...]
) -> None:
    with pytest.raises(InferenceServerException, match="not supported") as caught:
        getattr(triton, call)(*arguments)
    assert caught.value.status() == "501"


def test_model_of_a_name_with_a_space_is_not_found(triton: InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="no model 'a b'"):
        triton.get_model_metadata("a b")


def test_statistics_tell_waiting_from_computing(settings: Settings) -> None:
    waits = settings.model_copy(update={"runtimes": ("onnx",), "batch_wait_ms": 50})
    with serving(waits) as served, InferenceServerClient(served.address) as client:
        client.infer("known", [tensor_input(quarters("top-left"))])
        inference = stats(client, "known", "2")["inference_stats"]
    assert inference["queue"]["ns"] >= 49_000_000
    assert 0 < inference["compute_infer"]["ns"] < inference["queue"]["ns"]

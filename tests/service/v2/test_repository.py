"""Loading and unloading, as the real client asks for it."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from tritonclient.http import InferenceServerClient, InferResult
from tritonclient.utils import InferenceServerException

from artifact.manifest import PATHS
from service.settings import Settings
from tests.known_answer import GAIN, picture, publish_known_answer
from tests.service.v2.server import Served, serving
from tests.service.v2.tensors import logits, quarters, tensor_input

ALLOWED = {"Authorization": "Bearer secret"}
LOAD = "/v2/repository/models/known/load"
UNLOAD = "/v2/repository/models/known/unload"


@pytest.fixture
def managed_settings(models_dir: Path) -> Settings:
    return Settings(models_dir=models_dir, default_model="known", admin_token=SecretStr("secret"))


@pytest.fixture
def managed(managed_settings: Settings) -> Iterator[Served]:
    """A service of its own, whose models may be changed."""
    with serving(managed_settings) as served:
        yield served


@pytest.fixture
def admin(managed: Served) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(managed.address) as client:
        yield client


def states(client: InferenceServerClient) -> dict[tuple[str, str], tuple[str, str]]:
    return {
        (entry["name"], entry["version"]): (entry["state"], entry["reason"])
        for entry in client.get_model_repository_index()
    }


def infer(client: InferenceServerClient, name: str = "known") -> Any:
    return client.infer(name, [tensor_input(quarters("top-left"))])


def test_index_lists_what_is_published_and_what_of_it_is_loaded(
    admin: InferenceServerClient, models_dir: Path
) -> None:
    publish_known_answer(models_dir, version=2, runtimes=("onnx",))
    admin.unload_model("contrary", headers=ALLOWED)
    assert states(admin) == {
        ("contrary", "1"): ("UNAVAILABLE", "unloaded"),
        ("known", "1"): ("READY", ""),
        ("known", "2"): ("UNAVAILABLE", "unloaded"),
    }


@pytest.mark.parametrize(
    ("body", "listed"),
    [
        (b"", {"contrary", "known"}),
        (b"{}", {"contrary", "known"}),
        (b'{"ready": false}', {"contrary", "known"}),
        (b'{"ready": true}', {"known"}),
    ],
)
def test_index_can_be_of_what_is_ready_alone(
    managed: Served, admin: InferenceServerClient, body: bytes, listed: set[str]
) -> None:
    admin.unload_model("contrary", headers=ALLOWED)
    response = managed.post("/v2/repository/index", body)
    assert {entry["name"] for entry in response.json()} == listed


def test_unloaded_model_is_neither_ready_nor_there(
    managed: Served, admin: InferenceServerClient
) -> None:
    admin.unload_model("contrary", headers=ALLOWED)
    assert not admin.is_model_ready("contrary")
    with pytest.raises(InferenceServerException, match="model contrary is unloaded") as caught:
        infer(admin, "contrary")
    assert caught.value.status() == "404"
    assert managed.post("/predict?model=contrary", picture()).status_code == 404
    assert [model["name"] for model in managed.get("/models").json()["models"]] == ["known"]
    assert managed.get("/health/ready").json()["models"] == ["known/1"]
    assert admin.is_server_ready(), "the model that answers by default is there"
    np.testing.assert_allclose(infer(admin).as_numpy("logits"), logits("top-left", gain=GAIN))


def test_server_without_its_default_model_is_not_ready(
    managed: Served, admin: InferenceServerClient
) -> None:
    admin.unload_model("known", headers=ALLOWED)
    assert not admin.is_server_ready()
    assert admin.is_server_live()
    response = managed.get("/health/ready")
    assert response.status_code == 503
    assert "by default, known, is unloaded" in response.json()["detail"]
    assert managed.get("/openapi.json").status_code == 200
    admin.load_model("known", headers=ALLOWED)
    assert admin.is_server_ready()
    assert managed.get("/health/ready").status_code == 200


def test_load_serves_what_is_published_by_now(
    admin: InferenceServerClient, models_dir: Path
) -> None:
    publish_known_answer(models_dir, version=2, gain=2 * GAIN, runtimes=("onnx",))
    assert not admin.is_model_ready("known", "2")
    admin.load_model("known", headers=ALLOWED)
    assert admin.is_model_ready("known", "2")
    answer = infer(admin)
    np.testing.assert_allclose(answer.as_numpy("logits"), logits("top-left", gain=2 * GAIN))
    assert admin.get_model_metadata("known")["versions"] == ["1", "2"]


def test_model_that_is_new_to_the_repository_can_be_loaded(
    admin: InferenceServerClient, models_dir: Path
) -> None:
    publish_known_answer(models_dir, "newcomer", runtimes=("onnx",))
    with pytest.raises(InferenceServerException, match="no model 'newcomer'"):
        infer(admin, "newcomer")
    admin.load_model("newcomer", headers=ALLOWED)
    np.testing.assert_allclose(
        infer(admin, "newcomer").as_numpy("logits"), logits("top-left", gain=GAIN)
    )


def test_broken_model_is_refused_and_the_one_before_serves_on(
    admin: InferenceServerClient, models_dir: Path
) -> None:
    (models_dir / "known" / "1" / PATHS["onnx"]).write_bytes(b"cut")
    with pytest.raises(InferenceServerException, match=r"known/1/model\.onnx has 3 bytes"):
        admin.load_model("known", headers=ALLOWED)
    np.testing.assert_allclose(infer(admin).as_numpy("logits"), logits("top-left", gain=GAIN))
    assert admin.is_server_ready()


def test_statistics_begin_anew_when_a_model_is_loaded_again(admin: InferenceServerClient) -> None:
    infer(admin)
    admin.load_model("known", headers=ALLOWED)
    [model] = admin.get_inference_statistics("known")["model_stats"]
    assert model["inference_count"] == 0


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> Iterator[Served]:
    """A service whose models nothing changes, because all of it is refused."""
    more = {"runtimes": ("onnx",), "admin_token": SecretStr("secret")}
    with serving(settings.model_copy(update=more)) as served:
        yield served


@pytest.mark.parametrize("name", ["other", "..", ".", "known/1", "../models/known", "KNOWN"])
def test_only_names_of_the_repository_can_be_loaded(guarded: Served, name: str) -> None:
    with InferenceServerClient(guarded.address) as client:
        for act in (client.load_model, client.unload_model):
            with pytest.raises(InferenceServerException) as caught:
                act(name, headers=ALLOWED)
            assert caught.value.status() == "404"


@pytest.mark.parametrize("files", [None, {"file:1/model.onnx": b"other"}], ids=["config", "files"])
def test_model_is_loaded_as_it_was_published_or_not_at_all(
    guarded: Served, files: dict[str, bytes] | None
) -> None:
    with InferenceServerClient(guarded.address) as client:
        with pytest.raises(InferenceServerException, match="not accepted: config") as caught:
            client.load_model("known", headers=ALLOWED, config="{}", files=files)
        assert caught.value.status() == "400"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic secret"},
        {"Authorization": "secret"},
    ],
    ids=["none", "wrong", "empty", "basic", "no-scheme"],
)
@pytest.mark.parametrize("path", [LOAD, UNLOAD])
def test_token_is_needed(guarded: Served, path: str, headers: dict[str, str]) -> None:
    response = guarded.post(path, headers=headers)
    assert response.status_code == 401
    assert "Authorization: Bearer <token>" in response.json()["error"]
    assert response.headers["www-authenticate"] == "Bearer"
    assert guarded.get("/v2/models/known/ready").status_code == 200


def test_nobody_may_where_no_token_is_set(triton: InferenceServerClient) -> None:
    for act in (triton.load_model, triton.unload_model):
        with pytest.raises(InferenceServerException, match="TANDEM_ADMIN_TOKEN") as caught:
            act("known", headers=ALLOWED)
        assert caught.value.status() == "403"


def test_token_is_shown_by_nothing_that_shows_the_settings(managed_settings: Settings) -> None:
    assert "secret" not in repr(managed_settings)


def infer_with_interruption(served: Served, interrupt: Callable[[], None]) -> InferResult:
    """Ask for an inference, and do something else while its body is on the way."""

    def body() -> Iterator[bytes]:
        yield raw[:100]
        interrupt()
        yield raw[100:]

    raw = quarters("top-left").tobytes()
    headers = {"Inference-Header-Content-Length": "0"}
    response = served.post("/v2/models/known/infer", body(), headers)
    length = int(response.headers["inference-header-content-length"])
    return InferenceServerClient.parse_response_body(response.content, header_length=length)


def test_request_is_answered_by_the_model_that_it_began_with(
    managed: Served, admin: InferenceServerClient
) -> None:
    def unload() -> None:
        admin.unload_model("known", headers=ALLOWED)
        assert not admin.is_model_ready("known")

    result = infer_with_interruption(managed, unload)
    np.testing.assert_allclose(result.as_numpy("logits"), logits("top-left", gain=GAIN))


def test_request_counts_for_the_model_that_it_began_with(
    managed: Served, admin: InferenceServerClient
) -> None:
    def load_and_infer() -> None:
        admin.load_model("known", headers=ALLOWED)
        infer(admin)

    infer_with_interruption(managed, load_and_infer)
    [model] = admin.get_inference_statistics("known")["model_stats"]
    assert model["inference_count"] == 1


def test_unloaded_model_leaves_the_memory(managed: Served, admin: InferenceServerClient) -> None:
    infer(admin)
    model = weakref.ref(managed.service.loaded().get("known"))
    predictor = weakref.ref(managed.service.loaded().get("known").predictor())
    admin.unload_model("known", headers=ALLOWED)
    assert admin.is_server_live(), "another request, so that nothing holds on to the one before"
    gc.collect()
    assert model() is None
    assert predictor() is None


def test_requests_are_answered_while_models_are_loaded(
    managed: Served, admin: InferenceServerClient
) -> None:
    ended = threading.Event()

    def load_again_and_again() -> None:
        for _ in range(20):
            managed.post(LOAD, headers=ALLOWED).raise_for_status()
        ended.set()

    loading = threading.Thread(target=load_again_and_again)
    loading.start()
    answered = 0
    while not ended.is_set():
        assert admin.is_server_ready()
        np.testing.assert_allclose(infer(admin).as_numpy("logits"), logits("top-left", gain=GAIN))
        answered += 1
    loading.join()
    assert answered >= 10

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.vision.pictures import encode, seven

MODELS = Path(__file__).parents[3] / "models"
SEVEN = encode(255 - seven(200, 16))


@pytest.fixture(scope="module")
def published() -> Iterator[TestClient]:
    settings = Settings(models_dir=MODELS, runtimes=("onnx",))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, query: str, content: bytes = SEVEN) -> dict[str, Any]:
    answer = client.post(f"/explain?{query}", content=content, headers={"Content-Type": "image/*"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("model", ["conv", "mobilenet", "mobilenet-tiny"])
def test_places_and_bias_sum_to_the_logit(published: TestClient, model: str) -> None:
    told = ask(published, f"model={model}&label=1&label=7")
    assert told["answer"]["label"] == "7"
    assert told["no_class_maps"] is None
    runner_up = sorted(told["answer"]["probabilities"].items(), key=lambda item: -item[1])[1][0]
    maps = told["class_maps"]
    assert [each["label"] for each in maps] == list(dict.fromkeys(["7", runner_up, "1"]))
    for each in maps:
        total = sum(map(sum, each["places"])) + each["bias"]
        assert each["sum"] == pytest.approx(total, abs=1e-4)
        assert each["logit"] == pytest.approx(each["sum"], abs=1e-4)


def test_answer_is_the_one_of_predict(published: TestClient) -> None:
    query = "/predict?model=mobilenet&explain=true"
    predicted = published.post(query, files={"image": ("seven.png", SEVEN)}).json()
    told = ask(published, "model=mobilenet")["answer"]
    assert told["probabilities"] == pytest.approx(predicted.pop("probabilities"), abs=1e-6)
    assert told["probability"] == pytest.approx(predicted.pop("probability"), abs=1e-6)
    assert predicted.items() <= told.items()


def test_head_that_is_no_sum_is_said_in_words(client: TestClient) -> None:
    told = ask(client, "model=known", picture("top-left"))
    assert told["answer"]["label"] == "top-left"
    assert told["class_maps"] is None
    assert "not one linear layer" in told["no_class_maps"]
    assert told["layers"] is None


def test_every_layer_with_maps_tells_them(published: TestClient) -> None:
    layers = ask(published, "model=mobilenet&layers=true")["layers"]
    graph = published.get("/models/mobilenet/graph").json()
    names = [graph["layers"][layer["number"]]["name"] for layer in layers]
    assert names[:3] == ["stem.0", "blocks.0.depthwise", "avg_pool2d"]
    assert names[-1] == "blocks.3.pointwise"
    first = Image.open(io.BytesIO(base64.b64decode(layers[0]["maps"])))
    assert first.size == (16 * 29 - 1, 28)
    assert sum(len(layer["maps"]) for layer in layers) < 100_000


@pytest.mark.parametrize(
    ("query", "content", "status", "said"),
    [
        ("label=0", SEVEN, 422, "has no class '0'"),
        ("model=absent", SEVEN, 404, "no model 'absent'"),
        ("layers=2", SEVEN, 422, "layers"),
        ("", b"no picture", 415, "accepted"),
    ],
)
def test_what_cannot_be_explained_is_refused(
    client: TestClient, query: str, content: bytes, status: int, said: str
) -> None:
    headers = {"Content-Type": "image/*"}
    answer = client.post(f"/explain?{query}", content=content, headers=headers)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_graph_adds_up_to_what_the_manifest_says(published: TestClient) -> None:
    for model in published.get("/models").json()["models"]:
        graph = published.get(f"/models/{model['name']}/graph").json()
        assert graph["macs"] == model["macs"] == sum(layer["macs"] for layer in graph["layers"])
        assert graph["bytes"] == model["bytes"]["onnx"]
        assert graph["parameters"] <= model["parameters"]


def test_filters_of_every_layer_that_has_some_are_drawn(published: TestClient) -> None:
    layers = published.get("/models/mobilenet-tiny/graph").json()["layers"]
    for number, layer in enumerate(layers):
        place = f"/models/mobilenet-tiny/graph/{number}.png"
        drawn = published.get(layer["filters"] or place)
        assert drawn.status_code == (404 if layer["weight"] is None else 200)
    assert published.get("/models/mobilenet-tiny/graph/9999.png").status_code == 404


def test_time_of_every_layer_is_measured_alone(published: TestClient) -> None:
    measured = published.post("/models/mobilenet/profile?seconds=0.05").json()
    names = {layer["name"] for layer in published.get("/models/mobilenet/graph").json()["layers"]}
    assert set(measured["layers"]) <= names
    assert 0 < sum(measured["layers"].values()) < measured["microseconds"]
    with published.app.state.service.benchmark.take():  # type: ignore[attr-defined]  # Starlette's
        assert published.post("/models/mobilenet/profile").status_code == 409
    assert published.post("/models/mobilenet/profile?seconds=6").status_code == 422

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture, publish_known_answer
from tests.vision.pictures import encode, seven

SEVEN = encode(255 - seven(200, 16))
PICTURE = {"Content-Type": "image/*"}


def ask(client: TestClient, query: str, content: bytes = SEVEN) -> dict[str, Any]:
    answer = client.post(f"/explain?{query}", content=content, headers=PICTURE)
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
    answer = client.post(f"/explain?{query}", content=content, headers=PICTURE)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_nearest_pictures_are_of_the_two_likeliest_classes(published: TestClient) -> None:
    pictures = published.get("/datasets/mnist/test-pictures").json()
    sent = published.get("/datasets/mnist/test-pictures/0").content
    answer = published.post("/nearest?model=mobilenet-tiny&count=3", content=sent, headers=PICTURE)
    told = answer.json()
    assert (told["dataset"], told["compared"], told["test_pictures"]) == ("mnist", 10000, 10000)
    same, other = told["nearest"]
    assert same["label"] == "7"
    assert same["pictures"][0] == {"index": 0, "distance": pytest.approx(0, abs=0.01)}
    for group in (same, other):
        assert {str(pictures["true"][each["index"]]) for each in group["pictures"]} == {
            group["label"]
        }
        distances = [each["distance"] for each in group["pictures"]]
        assert distances == sorted(distances)
    assert same["pictures"][2]["distance"] < other["pictures"][0]["distance"]


def test_nearest_of_what_has_no_features_or_no_pictures_is_said(
    client: TestClient, tmp_path: Path
) -> None:
    answer = client.post("/nearest?model=known", content=picture("top-left"), headers=PICTURE)
    assert answer.status_code == 404
    assert "no features to compare" in answer.json()["detail"]
    publish_known_answer(tmp_path, runtimes=("onnx",))
    with TestClient(create_app(Settings(models_dir=tmp_path))) as without:
        answer = without.post("/nearest", content=picture("top-left"), headers=PICTURE)
    assert answer.status_code == 404
    assert "were not published" in answer.json()["detail"]

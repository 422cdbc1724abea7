import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from artifact.datasets import DATASET, FOLDER, Datasets
from artifact.errors import BrokenArtifact
from service.app import create_app
from service.settings import Settings
from tests.known_answer import LABELS, publish_known_answer, publish_known_pictures

PICTURES = "/datasets/quarters/test-pictures"


def pixels(content: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.array(Image.open(io.BytesIO(content)))


def listed(client: TestClient, query: str = "", name: str = "known") -> dict[str, Any]:
    response = client.get(f"/models/{name}/predictions{query}")
    assert response.status_code == 200, response.text
    answered: dict[str, Any] = response.json()
    return answered


def indices(page: dict[str, Any]) -> list[int]:
    return [each["index"] for each in page["predictions"]]


def test_list_names_the_models_that_were_tested_on_the_pictures(client: TestClient) -> None:
    [dataset] = client.get("/datasets").json()["datasets"]
    assert (dataset["name"], dataset["count"], dataset["classes"]) == ("quarters", 5, 4)
    assert dataset["models"] == ["contrary", "known"]
    assert (dataset["source"], dataset["licence"]) == ("drawn by hand", "CC0")
    assert dataset["link"] == PICTURES


def test_pictures_are_told_with_labels_and_sheets_that_are_there(client: TestClient) -> None:
    told = client.get(PICTURES).json()
    assert [told["labels"][place] for place in told["true"]] == [*LABELS, "top-left"]
    assert (told["side"], told["mode"], told["disputed"]) == (8, "L", [4])
    [sheet] = told["sheets"]
    whole = pixels(client.get(sheet).content)
    for index in range(told["count"]):
        row, column = divmod(index, told["columns"])
        cut = pixels(client.get(f"{PICTURES}/{index}").content)
        assert np.array_equal(cut, whole[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8])


def test_picture_is_answered_as_the_predictions_say(client: TestClient) -> None:
    for each in listed(client)["predictions"]:
        content = client.get(f"{PICTURES}/{each['index']}").content
        answer = client.post("/predict", content=content, headers={"Content-Type": "image/png"})
        assert answer.json()["label"] == each["predicted"]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/datasets/none/test-pictures", 404, "published data sets: quarters"),
        ("/datasets/_datasets/test-pictures", 404, "no data set '_datasets'"),
        ("/datasets/%2e%2e/test-pictures", 404, ""),
        ("/datasets/..%2fknown/test-pictures/0", 404, ""),
        (f"{PICTURES}/5", 404, "5 test pictures, counted from 0"),
        (f"{PICTURES}/-1", 422, "greater than or equal to 0"),
        (f"{PICTURES}/99999999999999999999", 422, "less than"),
        (f"{PICTURES}/dataset.json", 422, "valid integer"),
        (f"{PICTURES}/sheets/1.png", 404, "1 sheets"),
        (f"{PICTURES}/sheets/..%2fdataset.json", 404, ""),
        ("/models/_datasets/predictions", 404, "no model '_datasets'"),
        ("/models/known/predictions?true=cat", 422, "the classes are top-left, top-right"),
        ("/models/known/predictions?limit=1001", 422, "less than or equal to 1000"),
        ("/models/known/predictions?offset=-1", 422, "greater than or equal to 0"),
        ("/models/known/predictions?against=none", 404, "no model 'none'"),
        ("/models/known/predictions?against_outcome=wrong", 422, "needs a model in `against`"),
    ],
)
def test_what_is_not_there_is_refused_in_words(
    client: TestClient, path: str, status: int, message: str
) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert message in response.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("?outcome=wrong", [4]),
        ("?true=top-left&sort=index", [0, 4]),
        ("?true=top-left&predicted=bottom-right", [4]),
        ("?sort=index&offset=1&limit=2", [1, 2]),
        ("?offset=9", []),
        ("?outcome=right&against=contrary&against_outcome=wrong&sort=index", [0, 1, 2, 3]),
        ("?outcome=wrong&against=contrary&against_outcome=wrong", [4]),
        ("?outcome=wrong&against=contrary&against_outcome=right", []),
    ],
)
def test_pictures_are_chosen_by_class_outcome_and_rival(
    client: TestClient, query: str, expected: list[int]
) -> None:
    assert indices(listed(client, query)) == expected


def test_cell_of_the_matrix_has_as_many_predictions(client: TestClient) -> None:
    matrix = client.get("/models/known/confusion-matrix").json()
    for true, row in zip(matrix["labels"], matrix["counts"], strict=True):
        for predicted, count in zip(matrix["labels"], row, strict=True):
            assert listed(client, f"?true={true}&predicted={predicted}")["total"] == count


def test_prediction_tells_the_label_dispute_and_the_other_answer(client: TestClient) -> None:
    page = listed(client, "?outcome=wrong&against=contrary")
    assert (page["total"], page["dataset"]) == (1, "quarters")
    [wrong] = page["predictions"]
    assert (wrong["true"], wrong["predicted"]) == ("top-left", "bottom-right")
    assert wrong["disputed"]
    assert wrong["against"]["predicted"] == "bottom-right"


def test_older_models_are_served_without_and_it_is_told(tmp_path: Path) -> None:
    publish_known_answer(tmp_path, runtimes=("onnx",), with_predictions=False)
    with TestClient(create_app(Settings(models_dir=tmp_path))) as client:
        missing = client.get("/models/known/predictions")
        assert client.get("/datasets").json() == {"datasets": []}
        assert client.get("/models/known/metrics").status_code == 200
    assert missing.status_code == 404
    assert missing.json()["detail"] == "known/1 was published without predictions"


def test_damaged_pictures_stop_the_start_or_are_left_out_and_told(tmp_path: Path) -> None:
    publish_known_answer(tmp_path, runtimes=("onnx",))
    (publish_known_pictures(tmp_path).folder / DATASET).write_text("{}")
    with pytest.raises(BrokenArtifact, match=FOLDER):
        Datasets.scan(tmp_path)
    with TestClient(create_app(Settings(models_dir=tmp_path, strict=False))) as client:
        assert client.get("/datasets").json() == {"datasets": []}
        assert list(client.get("/health/ready").json()["broken"]) == ["_datasets/quarters"]
        assert client.get("/models/known/predictions").json()["dataset"] is None

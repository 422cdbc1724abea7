import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from artifact.files import sha256
from artifact.manifest import FigureRole, Role
from artifact.metrics import Metrics
from artifact.publish import write_manifest
from artifact.repository import Repository
from service.app import create_app
from service.settings import Settings
from tests.known_answer import CONFUSION, FIGURE_WIDTHS, LABELS, onnx_model, publish_known_answer

FIGURES: dict[str, FigureRole] = {
    "curves.png": "curves",
    "confusion-matrix.png": "confusion_matrix",
    "filters/first.png": "filters_first",
    "filters/last.png": "filters_last",
    "examples/correct.png": "examples_correct",
    "examples/wrong.png": "examples_wrong",
    "reliability.png": "reliability",
}


def test_metrics_are_the_published_ones(client: TestClient, repository: Path) -> None:
    published = Repository.scan(repository).get("known").document("metrics", Metrics)
    assert Metrics.model_validate(client.get("/models/known/metrics").json()) == published


def test_confusion_matrix_says_which_way_round_it_is(client: TestClient) -> None:
    matrix = client.get("/models/known/confusion-matrix").json()
    assert (matrix["rows"], matrix["columns"]) == ("true", "predicted")
    assert matrix["labels"] == list(LABELS)
    assert matrix["counts"] == [list(row) for row in CONFUSION]
    assert matrix["counts"][0] == [1, 0, 0, 1], "one top-left was called bottom-right"


def test_rows_of_the_normalised_matrix_sum_to_one(client: TestClient) -> None:
    matrix = client.get("/models/known/confusion-matrix").json()
    assert [sum(row) for row in matrix["row_normalised"]] == [1, 1, 1, 1]
    assert matrix["row_normalised"][0] == [0.5, 0, 0, 0.5]


def test_curves_are_epoch_by_epoch(client: TestClient) -> None:
    curves = client.get("/models/known/curves").json()
    assert curves["chosen_epoch"] == 1
    assert [epoch["validation_accuracy"] for epoch in curves["epochs"]] == [1]


def test_every_layer_links_to_a_picture_that_is_there(client: TestClient) -> None:
    layers = client.get("/models/known/filters?version=1").json()["layers"]
    assert [(layer["kind"], layer["shape"]) for layer in layers] == [
        ("standard", [4, 1, 8, 8]),
        ("pointwise", [4, 4, 1, 1]),
    ]
    for layer in layers:
        assert layer["picture"].endswith("?version=1")
        assert client.get(layer["picture"]).headers["content-type"] == "image/png"


@pytest.mark.parametrize(
    ("query", "shown", "total"),
    [("", 1, 1), ("?kind=wrong", 1, 1), ("?kind=correct", 4, 4), ("?kind=correct&limit=3", 3, 4)],
)
def test_examples_are_chosen_by_kind(
    client: TestClient, query: str, shown: int, total: int
) -> None:
    answer = client.get(f"/models/known/examples{query}").json()
    assert (len(answer["examples"]), answer["total"]) == (shown, total)
    right = {example["true"] == example["predicted"] for example in answer["examples"]}
    assert right == {"correct" in query}


@pytest.mark.parametrize("query", ["?kind=odd", "?limit=0", "?kinds=wrong"])
def test_wrong_choice_of_examples_is_invalid(client: TestClient, query: str) -> None:
    assert client.get(f"/models/known/examples{query}").status_code == 422


@pytest.mark.parametrize(("path", "role"), FIGURES.items(), ids=FIGURES)
def test_figure_is_the_one_of_its_role(client: TestClient, path: str, role: FigureRole) -> None:
    response = client.get(f"/models/known/{path}")
    assert response.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(response.content)).width == FIGURE_WIDTHS[role]


@pytest.mark.parametrize(("query", "cached"), [("?version=2", "immutable"), ("", "no-cache")])
def test_only_a_numbered_version_is_cached_for_good(
    client: TestClient, query: str, cached: str
) -> None:
    assert cached in client.get(f"/models/known/curves.png{query}").headers["cache-control"]


@pytest.mark.parametrize(
    ("role", "kind", "file"),
    [
        ("onnx", "application/octet-stream", "known-1-model.onnx"),
        ("torchscript", "application/octet-stream", "known-1-model.torchscript.pt"),
        ("metrics", "application/json", "known-1-metrics.json"),
        ("curves", "image/png", "known-1-curves.png"),
    ],
)
def test_published_file_is_downloaded_as_it_is(
    client: TestClient, role: Role, kind: str, file: str
) -> None:
    [published] = {
        model.manifest.files[role]
        for model in client.app.state.service.models  # type: ignore[attr-defined]  # Starlette's
        if str(model) == "known/1"
    }
    answer = client.get(f"/models/known/files/{role}?version=1")
    assert sha256(answer.content) == published.sha256
    assert answer.headers["etag"] == f'"{published.sha256}"'
    assert answer.headers["content-type"] == kind
    assert answer.headers["content-disposition"] == f'attachment; filename="{file}"'


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("known/files/onnx-int8", 404, "published without onnx-int8"),
        ("absent/files/onnx", 404, "no model 'absent'"),
        ("known/files/manifest", 422, "onnx"),
        ("known/files/..%2f..%2fmanifest.json", 404, "Not Found"),
        ("known/files/%2e%2e", 422, "onnx"),
    ],
)
def test_what_no_manifest_names_is_not_downloaded(
    client: TestClient, path: str, status: int, said: str
) -> None:
    answer = client.get(f"/models/{path}")
    assert answer.status_code == status
    assert said in answer.text


@pytest.mark.parametrize("evidence", ["metrics", "curves", "filters", "examples", "curves.png"])
def test_unpublished_evidence_is_not_found(tmp_path: Path, evidence: str) -> None:
    artifact = publish_known_answer(tmp_path, runtimes=("onnx",))
    only_the_model = {"files": {"onnx": artifact.manifest.files["onnx"]}}
    write_manifest(artifact.folder, artifact.manifest.model_copy(update=only_the_model))
    with TestClient(create_app(Settings(models_dir=tmp_path))) as client:
        response = client.get(f"/models/known/{evidence}")
        [model] = client.get("/models").json()["models"]
        [recorded] = client.get("/benchmark").json()["models"]
    assert response.status_code == 404
    assert "known/1 was published without" in response.json()["detail"]
    assert (model["accuracy"], model["macro_f1"], model["p50_ms"]) == (None, None, {})
    assert model["bytes"] == {"onnx": len(onnx_model(10.0))}
    assert recorded["benchmark"] is None

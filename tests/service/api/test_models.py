from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from artifact.manifest import Finding, Manifest
from artifact.publish import write_manifest
from artifact.repository import open_artifact
from service.api.models import ModelList
from service.app import create_app
from service.settings import Settings
from tests.known_answer import LABELS, picture, publish_known_answer


def test_list_has_every_model_with_its_headline_figures(client: TestClient) -> None:
    contrary, known = ModelList.model_validate(client.get("/models").json()).models
    assert (contrary.name, contrary.version, contrary.versions) == ("contrary", 1, [1])
    assert (known.name, known.version, known.versions) == ("known", 2, [2, 1])
    assert (contrary.default, known.default) == (False, True)
    assert known.labels == list(LABELS)
    assert known.runtimes == ["onnx", "torchscript"]
    assert (known.parameters, known.macs) == (272, 272)
    assert known.accuracy == pytest.approx(4 / 5)
    assert (known.dataset, known.test_images, known.folds) == ("quarters", 5, None)
    assert known.interval is not None
    assert known.interval[0] < 4 / 5 < known.interval[1]
    assert known.macro_f1 == pytest.approx((2 / 3 + 1 + 1 + 2 / 3) / 4)
    assert known.p50_ms.keys() == known.bytes.keys() == {"onnx", "torchscript"}
    assert all(value > 0 for value in known.p50_ms.values())


def test_sizes_are_those_of_the_files(client: TestClient, repository: Path) -> None:
    known = client.get("/models").json()["models"][1]
    assert known["bytes"]["onnx"] == (repository / "known" / "2" / "model.onnx").stat().st_size


@pytest.mark.parametrize(("query", "version"), [("", 2), ("?version=1", 1)])
def test_manifest_is_the_published_one(
    client: TestClient, repository: Path, query: str, version: int
) -> None:
    answered = Manifest.model_validate(client.get(f"/models/known{query}").json())
    assert answered == open_artifact(repository / "known" / str(version)).manifest


@pytest.mark.parametrize(
    ("names", "default"),
    [(("b", "mobilenet", "a"), "mobilenet"), (("b", "a"), "a")],
    ids=["mobilenet-where-there-is-one", "first-by-name"],
)
def test_default_model_is(tmp_path: Path, names: tuple[str, ...], default: str) -> None:
    for name in names:
        publish_known_answer(tmp_path, name, runtimes=("onnx",))
    with TestClient(create_app(Settings(models_dir=tmp_path))) as client:
        models = client.get("/models").json()["models"]
    assert [model["name"] for model in models if model["default"]] == [default]


def test_model_with_a_finding_says_so_in_every_answer(tmp_path: Path) -> None:
    artifact = publish_known_answer(tmp_path, runtimes=("onnx",))
    dead = Finding(name="dead-output", message="a logit is 0", evidence={"label": "top-left"})
    flawed = artifact.manifest.model_copy(update={"findings": (dead,)})
    write_manifest(artifact.folder, flawed)
    with TestClient(create_app(Settings(models_dir=tmp_path))) as client:
        [model] = client.get("/models").json()["models"]
        manifest = client.get("/models/known").json()
        single = client.post("/predict", content=picture("top-left")).json()
        explained = client.post("/predict?explain=true", content=picture("top-left")).json()
        files = [("images", ("a.png", picture("top-left"), "image/png"))]
        [several] = client.post("/predict/batch", files=files).json()["answers"]
        [compared] = client.post("/compare", content=picture("top-left")).json()["answers"]
        [group] = client.get("/comparison").json()["groups"]
    assert model["findings"] == manifest["findings"] == [dead.model_dump()]
    for answer in (single, explained, several, compared, group["models"][0]):
        assert answer["findings"] == ["dead-output"]


def test_sound_model_has_no_finding_and_no_quantised_accuracy(client: TestClient) -> None:
    known = client.get("/models").json()["models"][1]
    assert (known["findings"], known["quantised_accuracy"]) == ([], None)
    answer = client.post("/predict", content=picture("top-left")).json()
    assert answer["findings"] == []

"""What is damaged on disk: the start stops, or the rest is served and the damage is told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from artifact.study import RUNS
from service.app import create_app
from service.settings import Settings
from tests.known_answer import GAIN, picture, publish_known_answer
from tests.known_study import store_known_study
from vision.errors import TandemError

EVERYTHING = {"contrary/1", "known/1", "known/2"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Two versions of `known`, `contrary` and a study, each of which may be damaged."""
    models, studies = tmp_path / "models", tmp_path / "studies"
    publish_known_answer(models, version=1, runtimes=("onnx",))
    publish_known_answer(models, version=2, runtimes=("onnx",))
    publish_known_answer(models, "contrary", gain=-GAIN, runtimes=("onnx",))
    store_known_study(studies)
    return Settings(
        models_dir=models,
        studies_dir=studies,
        default_model="known",
        admin_token=SecretStr("secret"),
        strict=False,
    )


@contextmanager
def serving(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("damaged", "served", "broken"),
    [
        ("models/known/2/model.onnx", {"contrary/1", "known/1"}, {"known/2"}),
        ("models/known/2/manifest.json", {"contrary/1", "known/1"}, {"known/2"}),
        ("models/known/1/manifest.json", {"contrary/1", "known/2"}, {"known/1"}),
        ("models/contrary/1/model.onnx", {"known/1", "known/2"}, {"contrary/1"}),
        ("models/known/2/metrics.json", EVERYTHING, {"known/2/metrics.json"}),
        ("models/known/1/figures/curves.png", EVERYTHING, {"known/1/figures/curves.png"}),
        ("studies/widths/study.json", EVERYTHING, {"studies/widths"}),
        (
            "studies/widths/figures/accuracy.png",
            EVERYTHING,
            {"studies/widths/figures/accuracy.png"},
        ),
    ],
)
def test_rest_is_served_and_the_damage_is_named(
    settings: Settings, tmp_path: Path, damaged: str, served: set[str], broken: set[str]
) -> None:
    os.truncate(tmp_path / damaged, 10)
    with pytest.raises(TandemError), serving(settings.model_copy(update={"strict": True})):
        pass
    with serving(settings) as client:
        ready = client.get("/health/ready").json()
        predicted = client.post("/predict", content=picture("top-left"))
        metrics = client.get("/metrics").text
    assert (set(ready["models"]), set(ready["broken"])) == (served, broken)
    assert all(reason.startswith(place) for place, reason in ready["broken"].items())
    assert predicted.json()["label"] == "top-left"
    assert "tandem_broken_artifacts 1.0" in metrics


def test_run_that_a_study_rests_on_takes_the_study_alone(settings: Settings) -> None:
    run = next((settings.studies_dir / RUNS).iterdir())
    os.truncate(run, 10)
    with serving(settings) as client:
        broken = client.get("/health/ready").json()["broken"]
        assert client.get("/studies").json() == {"studies": []}
        assert client.get("/models").json()["models"]
    assert list(broken) == ["studies/widths"]
    assert f"studies/runs/{run.name} is not understood" in broken["studies/widths"]


@pytest.mark.parametrize(
    ("damaged", "path", "status", "words"),
    [
        ("known/2/figures/curves.png", "/models/known/curves.png", 500, "has 10 bytes"),
        ("known/2/metrics.json", "/models/known/metrics", 500, "was damaged when"),
        ("known/2/examples.json", "/models/known/examples", 500, "was damaged when"),
        ("known/2/model.onnx", "/models/known?version=2", 404, "known/2 cannot be served: known/2"),
        ("contrary/1/model.onnx", "/models/contrary", 404, "contrary/1 cannot be served: contr"),
        ("contrary/1/model.onnx", "/v2/models/contrary/ready", 404, "cannot be served: contrary"),
    ],
)
def test_what_is_broken_says_so_where_it_is_asked_for(
    settings: Settings, damaged: str, path: str, status: int, words: str
) -> None:
    os.truncate(settings.models_dir / damaged, 10)
    with serving(settings) as client:
        response = client.get(path)
        index = client.post("/v2/repository/index").json()
    assert response.status_code == status
    assert words in response.text
    reasons = {f"{entry['name']}/{entry['version']}": entry["reason"] for entry in index}
    place = "/".join(damaged.split("/")[:2])
    assert reasons[place].startswith(f"{damaged} has") == damaged.endswith(".onnx")


def test_default_that_cannot_be_served_gives_way_to_the_next(settings: Settings) -> None:
    for version in "12":
        os.truncate(settings.models_dir / "known" / version / "model.onnx", 10)
    with serving(settings) as client:
        broken = client.get("/health/ready").json()["broken"]
        answer = client.post("/predict", content=picture("top-left")).json()
    assert set(broken) == {"known/2", "known/1", "known"}
    assert broken["known"] == "no model 'known'; published models: contrary"
    assert answer["model"] == "contrary"


@pytest.mark.parametrize("kept", [[], ["known/1"]], ids=["no-folder", "all-broken"])
def test_service_without_a_model_lives_is_not_ready_and_takes_one_later(
    settings: Settings, kept: list[str], tmp_path: Path
) -> None:
    models = tmp_path / "others"
    for _ in kept:
        publish_known_answer(models, runtimes=("onnx",))
        os.truncate(models / "known" / "1" / "manifest.json", 10)
    with serving(settings.model_copy(update={"models_dir": models})) as client:
        assert client.get("/health/live").status_code == 200
        for method, path in [("GET", "/health/ready"), ("GET", "/v2/health/ready")]:
            response = client.request(method, path)
            assert response.status_code == 503
            assert "no model can be served: " in response.text
        refused = client.post("/predict", content=picture("top-left"))
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert client.get("/models").json() == {"models": []}
        publish_known_answer(models, "newcomer", runtimes=("onnx",))
        token = {"Authorization": "Bearer secret"}
        loaded = client.post("/v2/repository/models/newcomer/load", headers=token)
        assert loaded.status_code == 200
        assert client.get("/health/ready").status_code == 200
        assert client.post("/predict", content=picture("top-left")).status_code == 200


def test_model_that_is_mended_and_loaded_is_broken_no_longer(settings: Settings) -> None:
    file = settings.models_dir / "contrary" / "1" / "model.onnx"
    whole = file.read_bytes()
    os.truncate(file, 10)
    with serving(settings) as client:
        assert list(client.get("/health/ready").json()["broken"]) == ["contrary/1"]
        file.write_bytes(whole)
        token = {"Authorization": "Bearer secret"}
        client.post("/v2/repository/models/contrary/load", headers=token).raise_for_status()
        assert client.get("/health/ready").json()["broken"] == {}
        assert "tandem_broken_artifacts 0.0" in client.get("/metrics").text

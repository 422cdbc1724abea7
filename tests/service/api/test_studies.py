import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from artifact.errors import BrokenArtifact
from artifact.study import RUNS, STUDY, Studies, WholeStudy
from service.app import create_app
from service.settings import Settings
from tests.known_study import ACCURACIES, NAME, WIDTHS, store_known_study


def test_list_has_the_headlines_with_links_that_lead_there(client: TestClient) -> None:
    studies = client.get("/studies").json()["studies"]
    assert [study["name"] for study in studies] == [NAME, "widths-again"]
    [study, _] = studies
    assert study["question"] == "Is wide better?"
    assert [arm["label"] for arm in study["arms"]] == ["narrow", "wide"]
    assert study["arms"][0]["test_accuracy"]["mean"] == pytest.approx(0.975)
    assert study["pairs"][0]["first"] == "wide"
    assert client.get(study["link"]).status_code == 200
    for link in study["figures"].values():
        assert client.get(link).headers["content-type"] == "image/png"


def test_study_is_given_whole_with_every_runs_config(client: TestClient) -> None:
    whole = WholeStudy.model_validate(client.get(f"/studies/{NAME}").json())
    assert whole.study.digests == whole.runs.keys()
    for arm in whole.study.arms:
        for seed, digest in arm.runs.items():
            run = whole.runs[digest]
            assert run.metrics.test.accuracy == ACCURACIES[arm.label][seed]
            assert run.provenance.config == {**whole.study.base, **arm.changes, "seed": seed}


@pytest.mark.parametrize("role", WIDTHS)
def test_figure_is_the_one_of_its_role(client: TestClient, role: str) -> None:
    response = client.get(f"/studies/{NAME}/figures/{role}.png")
    assert Image.open(io.BytesIO(response.content)).width == WIDTHS[role]


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("/studies/depths", 404, f"no study 'depths'; stored studies: {NAME}, widths-again"),
        (f"/studies/{RUNS}", 404, "no study 'runs'"),
        ("/studies/%2e%2e", 404, ""),
        (f"/studies/{NAME}/figures/confusion.png", 404, "has no figure confusion; it has: "),
        (f"/studies/{NAME}/figures/study.png", 422, "'accuracy', 'curves', 'trade'"),
        (f"/studies/{NAME}/figures/..%2fstudy.json", 404, ""),
    ],
)
def test_what_is_not_there_is_refused(
    client: TestClient, path: str, status: int, told: str
) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert told in str(response.json()["detail"])


@pytest.mark.parametrize("exists", [True, False], ids=["empty", "absent"])
def test_no_studies_are_an_empty_list(repository: Path, tmp_path: Path, exists: bool) -> None:
    folder = tmp_path if exists else tmp_path / "absent"
    settings = Settings(models_dir=repository, default_model="known", studies_dir=folder)
    with TestClient(create_app(settings)) as client:
        assert client.get("/studies").json() == {"studies": []}
        assert client.get("/openapi.json").status_code == 200


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        (f"{NAME}/{STUDY}", b"{}", f"studies/{NAME}/study.json is not understood: name"),
        (f"{NAME}/{STUDY}", None, f"studies/{NAME}/study.json cannot be read: No such file"),
        (f"{NAME}/figures/trade.png", b"", "trade.png has 0 bytes, not"),
        (RUNS + "/{run}.json", None, "studies/runs/{run}.json cannot be read: No such file"),
        (RUNS + "/{run}.json", b"cut", "studies/runs/{run}.json is not understood"),
        (
            RUNS + "/{run}.json",
            RUNS + "/{other}.json",
            "{run}.json holds the result of .*, {other}",
        ),
    ],
)
def test_broken_study_is_refused_by_name(
    tmp_path: Path, path: str, content: bytes | str | None, told: str
) -> None:
    run, other, *_ = sorted(store_known_study(tmp_path).digests)
    file = tmp_path / path.format(run=run)
    if content is None:
        file.unlink()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    else:
        (tmp_path / content.format(other=other)).replace(file)
    with pytest.raises(BrokenArtifact, match=told.format(run=run, other=other)):
        Studies.scan(tmp_path)

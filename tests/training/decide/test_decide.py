"""The whole command on drawn pictures: decide, publish, answer over HTTP."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from torchvision.models import mobilenet_v3_small

from artifact.datasets import Datasets
from artifact.manifest import Blocks, Linear
from artifact.metrics import Examples, Metrics
from artifact.predictions import Predictions
from artifact.repository import Artifact, Repository
from service.app import create_app
from service.settings import Settings
from tests.training.decide.drawn import CLASSES, draw, write_folder
from training.__main__ import main
from training.decide.outcome.evidence import Evidence
from training.decide.outcome.report import cell, draw_models
from training.decide.outcome.summary import Summary
from training.evaluation.rejection import KEPT
from training.networks import mobilenet_v3

pytestmark = pytest.mark.timeout(900)  # a whole command a test, on a machine that others use too

ARMS = ("linear-hog-colour", "mobilenet")
TORCHVISIONS = "mobilenet-v3-small-pretrained"


@dataclass(frozen=True)
class Decided:
    """What one command left behind."""

    folder: Path
    status: int
    summary: dict[str, Any]

    @property
    def models(self) -> Path:
        return self.folder / "models"

    def arm(self, name: str) -> dict[str, Any]:
        (found,) = (arm for arm in self.summary["arms"] if arm["name"] == name)
        return dict(found)


def decide(folder: Path, *options: str, pictures: Path | None = None) -> Decided:
    written = folder / "out.json"
    status = main(
        [
            "decide",
            str(pictures or folder / "shapes"),
            *("--runs-dir", str(folder / "runs"), "--models-dir", str(folder / "models")),
            *("--json", str(written), "--threads", "1", *options),
        ]
    )
    return Decided(folder, status, json.loads(written.read_text()) if written.exists() else {})


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Decided:
    folder = tmp_path_factory.mktemp("decide")
    write_folder(folder / "shapes", 8)
    return decide(folder, "--minutes", "60", "--epochs", "8", "--arms", *ARMS)


@pytest.fixture(scope="module")
def models(decided: Decided) -> dict[str, Artifact]:
    return {one.manifest.name: one for one in Repository.scan(decided.models)}


@pytest.fixture(scope="module")
def client(decided: Decided) -> Iterator[TestClient]:
    assert decided.status == 0
    with TestClient(create_app(Settings(models_dir=decided.models))) as client:
        yield client


def test_every_arm_has_its_accuracy_with_an_interval(decided: Decided) -> None:
    for name in ("majority", *ARMS):
        arm = decided.arm(name)
        low, high = arm["interval"]
        assert low < arm["accuracy"] < high or arm["accuracy"] in (0, 1)
        assert (arm["pictures"], len(arm["folds"])) == (24, 5)


def test_pick_is_a_model_that_was_published_and_has_reasons(decided: Decided) -> None:
    decision = decided.summary["decision"]
    assert decision["verdict"] == "ship"
    assert decision["pick"]["model"] in decided.summary["published"]
    assert decision["rival"] is not None
    assert "Ship shapes-" in decision["reasons"][0]


def test_models_tell_their_kind_their_data_and_how_they_were_tested(
    decided: Decided, models: dict[str, Artifact]
) -> None:
    assert set(models) == {f"shapes-{name}" for name in ARMS}
    kinds = {name: type(one.manifest.architecture) for name, one in models.items()}
    assert kinds == {"shapes-linear-hog-colour": Linear, "shapes-mobilenet": Blocks}
    provenances = [one.manifest.provenance for one in models.values()]
    assert {one.data_sha256 for one in provenances} == {decided.summary["sha256"]}
    assert len({one.split.test_sha256 for one in provenances}) == 1
    assert {(one.split.folds, one.split.test) for one in provenances} == {(5, 24)}


def test_published_accuracy_is_that_of_pictures_that_were_not_learnt(
    decided: Decided, models: dict[str, Artifact]
) -> None:
    for name in ARMS:
        model = models[f"shapes-{name}"]
        test = model.document("metrics", Metrics).test
        wrong = model.document("examples", Examples).wrong
        assert test.accuracy == pytest.approx(decided.arm(name)["accuracy"])
        assert len(wrong) == round(24 * (1 - test.accuracy))
        answered = model.document("predictions", Predictions)
        assert answered.confusion_matrix.tolist() == [list(row) for row in test.confusion_matrix]
        assert {each.index for each in wrong} == set(np.flatnonzero(~answered.right).tolist())


def test_pictures_are_published_once_in_the_order_of_every_arms_answers(
    decided: Decided, models: dict[str, Artifact]
) -> None:
    [stored] = Datasets.scan(decided.models)
    assert (stored.dataset.name, stored.dataset.side, stored.dataset.mode) == ("shapes", 64, "RGB")
    for model in models.values():
        assert Datasets.scan(decided.models).of(model.manifest) == stored
        assert model.document("predictions", Predictions).true == stored.dataset.true


def test_pick_names_a_new_picture_over_http(client: TestClient, decided: Decided) -> None:
    model = decided.summary["decision"]["pick"]["model"].rpartition("/")[0]
    generator = np.random.default_rng(99)
    right = 0
    for kind in CLASSES * 4:
        file = io.BytesIO()
        draw(kind, generator).save(file, "PNG")
        response = client.post(
            f"/predict?model={model}",
            content=file.getvalue(),
            headers={"Content-Type": "image/png"},
        )
        assert response.status_code == 200
        right += response.json()["label"] == kind
    assert right >= 7


def test_models_of_one_folder_are_compared_whatever_their_size(client: TestClient) -> None:
    (group,) = client.get("/comparison").json()["groups"]
    assert group["test_images"] == 24
    assert {model["model"] for model in group["models"]} == {f"shapes-{name}/1" for name in ARMS}


@pytest.mark.parametrize(
    ("path", "linear", "network"),
    [
        ("confusion-matrix.png", 200, 200),
        ("examples/wrong.png", 200, 200),
        ("reliability.png", 200, 200),
        ("filters", 404, 200),
        ("filters/first.png", 404, 200),
    ],
)
def test_evidence_is_served_and_what_an_arm_has_not_is_told(
    client: TestClient, path: str, linear: int, network: int
) -> None:
    for arm, status in zip(ARMS, (linear, network), strict=True):
        assert client.get(f"/models/shapes-{arm}/{path}").status_code == status


def test_report_is_one_page_with_its_figures(decided: Decided) -> None:
    (folder,) = (decided.folder / "runs").glob("decide-shapes-*")
    page = (folder / "report.html").read_text()
    assert decided.summary["decision"]["reasons"][0].split(":")[0] in page
    assert "data:image/png;base64," in page
    assert "<script" not in page
    assert "| mobilenet |" in (folder / "report.md").read_text()


@pytest.mark.parametrize("kib", [[23], [19, 23], [3, 20, 3700, 13000]])
def test_sizes_can_be_read_off_the_axis(decided: Decided, kib: list[float]) -> None:
    summary = Summary.model_validate(decided.summary)
    [arm] = [arm for arm in summary.arms if arm.name == "mobilenet"]
    files = ([arm.files[0].model_copy(update={"bytes": round(1024 * size)})] for size in kib)
    arms = [arm.model_copy(update={"files": tuple(each)}) for each in files]
    axes = draw_models(arms, summary).axes[0]
    low, high = axes.get_xlim()
    assert sum(low <= place <= high for place in axes.get_xticks()) >= 2


def test_class_that_the_model_does_not_know_has_no_label_called_wrong() -> None:
    targets = np.repeat([0, 1], [20, 4])
    logits = np.tile(np.array([9, 0], np.float32), (24, 1))
    logits[3] = 0, 9
    assert Evidence(logits, targets, ("common", "rare"), temperature=1.0).suspects() == [3]


def test_names_of_any_characters_keep_to_their_cell_in_markdown() -> None:
    assert cell("<b>|_") == "&lt;b>\\|_"


def test_same_command_again_learns_nothing_twice(decided: Decided) -> None:
    def results() -> dict[str, int]:
        files = (decided.folder / "runs").glob("decide-shapes-*/**/*.np*")
        return {file.name: file.stat().st_mtime_ns for file in files}

    before = results()
    again = decide(decided.folder, "--arms", "linear-hog-colour", "--max-ms", "1e-9")
    assert again.status == 3
    assert len(before) == 2 + 5 * len(ARMS)
    assert results() == before


def test_other_pictures_under_the_same_name_are_refused_before_anything_is_learnt(
    decided: Decided, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_folder(tmp_path / "shapes", 5, seed=1)
    before = sorted(decided.folder.rglob("*"))
    assert decide(decided.folder, pictures=other).status == 1
    said = capsys.readouterr().err
    assert "learnt from other data: from shapes (" in said
    assert ", 24 pictures of 3 classes), and this is shapes (" in said
    assert "pictures 24 -> 15. Choose another --name" in said
    assert sorted(decided.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "options", [("--max-kib", "0.5"), ("--min-recall", "disc=1", "bar=1", "square=1")]
)
def test_unmet_constraints_publish_nothing(decided: Decided, options: tuple[str, ...]) -> None:
    before = sorted(decided.models.rglob("*"))
    again = decide(decided.folder, "--arms", "linear-hog-colour", *options)
    assert (again.status, again.summary["decision"]["verdict"]) == (3, "constraints-unmet")
    assert again.summary["published"] == []
    assert sorted(decided.models.rglob("*")) == before


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (CLASSES, "and of those of a class that was held out"),
        (CLASSES[:2], "no class could be held out to choose or judge that with"),
    ],
    ids=["of three classes", "of two classes"],
)
def test_unfamiliar_pictures_are_judged_with_drawn_ones_and_classes_held_out(
    tmp_path: Path, classes: tuple[str, ...], said: str
) -> None:
    write_folder(tmp_path / "shapes", 1 + 200 // len(classes), classes)
    told = decide(tmp_path, "--arms", "linear-hog-colour", "--minutes", "60")
    [model] = Repository.scan(told.models)
    assert (rejection := model.manifest.rejection) is not None
    assert rejection.accepted >= KEPT
    [note] = (note for note in told.summary["notes"] if "answered as unfamiliar" in note)
    assert said in re.sub(r"\d+% ", "", note)


def test_weights_that_are_not_in_torchs_cache_are_left_out_and_the_plan_says_why(
    decided: Decided,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    told = decide(decided.folder, "--arms", "linear-hog-colour", TORCHVISIONS, "--max-ms", "1e-9")
    why = "left out, its weights are not in torch's cache: --download fetches them (10 MB)"
    assert told.arm(TORCHVISIONS)["note"] == why
    assert f"plan: {TORCHVISIONS}: {why}" in capsys.readouterr().err


def test_weights_in_torchs_cache_compete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    write_folder(tmp_path / "shapes", 6)
    file = io.BytesIO()
    torch.save(mobilenet_v3_small().state_dict(), file)
    name = f"mobilenet_v3_small-{sha256(file.getvalue()).hexdigest()[:8]}.pth"
    monkeypatch.setattr(mobilenet_v3, "URL", f"https://nowhere.invalid/{name}")
    mobilenet_v3.place().parent.mkdir(parents=True)
    mobilenet_v3.place().write_bytes(file.getvalue())
    told = decide(tmp_path, "--arms", "linear-hog-colour", TORCHVISIONS)
    assert told.arm(TORCHVISIONS)["accuracy"] is not None
    models = {one.manifest.name: one.manifest for one in Repository.scan(told.models)}
    architecture = models[f"shapes-{TORCHVISIONS}"].architecture
    assert isinstance(architecture, Linear)
    assert (architecture.features, architecture.width) == ("mobilenet-v3-small", 1768)


def test_few_pictures_support_no_threshold_and_the_report_says_so(
    decided: Decided, models: dict[str, Artifact]
) -> None:
    assert all(one.manifest.rejection is None for one in models.values())
    assert any(
        "24 pictures are too few to say which score is unusually low" in note
        for note in decided.summary["notes"]
    )


def test_minutes_that_are_too_few_make_one_model_and_say_what_was_left_out(
    decided: Decided, tmp_path: Path
) -> None:
    told = decide(
        tmp_path, "--minutes", "0.01", "--arms", *ARMS, pictures=decided.folder / "shapes"
    )
    assert told.status == 0
    assert [one.rpartition("/")[0] for one in told.summary["published"]] == [f"shapes-{ARMS[0]}"]
    assert told.arm("mobilenet")["note"].startswith("dropped, ")
    assert [
        note
        for note in told.summary["notes"]
        if re.match(r"took \d+ s, not the 1 of --minutes: ", note)
    ]


def test_pictures_that_say_nothing_of_their_class_ship_none(tmp_path: Path) -> None:
    write_folder(tmp_path / "shapes", 12, classes=("heads", "tails"))
    told = decide(tmp_path, "--arms", "linear-pixels")
    assert told.status == 4
    assert "Ship none" in told.summary["decision"]["reasons"][0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--min-recall", "cow=0.5"), "no such class; the classes are bar, disc, square"),
        (("--min-recall", "disc"), "is not written CLASS=0.9"),
        (("--arms", "resnet"), "no resnet of these pictures; arms are linear-pixels, linear-"),
        (("--minutes", "0"), "--minutes '0'"),
        (("--minutes", "inf"), "--minutes 'inf': Input should be a finite number"),
    ],
)
def test_wrong_option_is_refused_with_what_is_accepted(
    decided: Decided, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    assert decide(decided.folder, *options).status in (1, 2)
    assert message in capsys.readouterr().err

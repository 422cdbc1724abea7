"""One whole run on the digits, as a person gives the command, and what becomes of it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from artifact.latency import Benchmark
from artifact.manifest import PATHS, Blocks, RuntimeId
from artifact.metrics import Examples, Filters, Metrics
from artifact.repository import Artifact, Repository
from tests.training.streams import Impatient
from training import data
from training.__main__ import main
from training.checkpoint import FILE
from training.config import Places, RunConfig
from training.export.parity import encode
from training.run import train
from vision.decode import decode
from vision.preprocess import view

HERE = re.compile(rb"site-packages|/(?:home|root|tmp|work|usr)/")
RUN = "mobilenet-digits-seed0"
CONFIG = RunConfig(epochs=8, batch_size=32, learning_rate=0.02)
OPTIONS = ("run", "--epochs", "8", "--batch-size", "32", "--learning-rate", "0.02")


def places(folder: Path) -> tuple[str, ...]:
    return ("--runs-dir", str(folder / "runs"), "--models-dir", str(folder / "models"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command was run once."""
    folder = tmp_path_factory.mktemp("run")
    assert main([*OPTIONS, *places(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def published(folder: Path) -> Artifact:
    return Repository.scan(folder / "models").get("digits-mobilenet")


def test_everything_is_published(published: Artifact) -> None:
    assert str(published) == "digits-mobilenet/1"
    assert set(published.manifest.files) == set(PATHS)
    assert published.manifest.runtimes == ("onnx", "onnx-int8", "torchscript")
    assert published.manifest.findings == ()


def test_nothing_is_left_of_the_staging(folder: Path) -> None:
    assert [path.name for path in (folder / "models" / "digits-mobilenet").iterdir()] == ["1"]


def test_documents_are_what_the_contract_says(published: Artifact) -> None:
    metrics = published.document("metrics", Metrics)
    examples = published.document("examples", Examples)
    assert len(published.document("benchmark", Benchmark).latencies) == 3 * 3
    assert len(published.document("filters", Filters).layers) == 1 + 2 * 4
    assert [row.epoch for row in metrics.curves] == list(range(1, 9))
    assert len(examples.wrong) == round((1 - metrics.test.accuracy) * 360)
    assert metrics.test.accuracy > 0.9


def test_manifest_tells_how_the_model_was_made(published: Artifact) -> None:
    manifest = published.manifest
    config = RunConfig.model_validate(manifest.provenance.config)
    assert config == CONFIG
    assert isinstance(manifest.architecture, Blocks)
    assert manifest.architecture.blocks == ("mobile",) * 4
    assert (manifest.input.shape, manifest.input.mode) == ((1, 8, 8), "L")
    split = manifest.provenance.split
    assert (split.train, split.validation, split.test) == (1149, 288, 360)
    assert manifest.provenance.seconds > 0
    assert manifest.rejection is not None
    assert manifest.rejection.accepted >= 0.995


def test_parity_was_measured_on_every_runtime(published: Artifact) -> None:
    parity = published.manifest.parity
    assert parity.images == 360
    assert set(parity.max_abs_diff) == {"onnx", "onnx-int8", "torchscript"}
    exact = (parity.max_abs_diff[runtime] for runtime in ("onnx", "torchscript"))
    assert max(exact) <= parity.tolerance == 1e-4


def test_quantised_model_is_measured_beside_the_network(published: Artifact) -> None:
    metrics = published.document("metrics", Metrics)
    assert metrics.quantised is not None
    beside = metrics.quantised.against_float
    assert beside.images == 360
    assert abs(beside.difference) <= 0.01
    assert metrics.test.accuracy + beside.difference == pytest.approx(
        metrics.quantised.test.accuracy
    )
    agreement = published.manifest.parity.agreement
    assert agreement.keys() == {"onnx-int8"}
    assert agreement["onnx-int8"] >= 0.98
    files = published.manifest.files
    assert files["onnx-int8"].bytes < 0.6 * files["onnx"].bytes


@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8", "torchscript"])
def test_published_model_is_as_right_as_its_metrics_say(
    published: Artifact, runtime: RuntimeId
) -> None:
    metrics = published.document("metrics", Metrics)
    told = metrics.quantised.test if runtime == "onnx-int8" and metrics.quantised else metrics.test
    test = data.load("digits", Path("nowhere")).test
    views = [view(decode(encode(picture)), published.manifest.input) for picture in test.pixels]
    predictions = published.open(runtime).predict(views)
    right = [
        prediction.label == str(int(label))
        for prediction, label in zip(predictions, test.labels, strict=True)
    ]
    assert np.mean(right) == told.accuracy


def test_no_file_names_a_place_of_this_machine(published: Artifact, folder: Path) -> None:
    for path in published.folder.rglob("*.*"):
        content = path.read_bytes()
        assert not HERE.search(content), path.name
        assert str(folder).encode() not in content


def test_run_is_not_begun_twice_by_accident(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*OPTIONS, *places(folder)]) == 1
    assert f"run '{RUN}' has been begun: --resume goes on with it" in capsys.readouterr().err


def test_finished_run_is_published_again_without_training(
    folder: Path, published: Artifact
) -> None:
    before = (folder / "runs" / RUN / FILE).read_bytes()
    assert main([*OPTIONS, *places(folder), "--model-name", "again", "--resume"]) == 0
    again = Repository.scan(folder / "models").get("again")
    assert again.read("onnx") == published.read("onnx")
    assert (folder / "runs" / RUN / FILE).read_bytes() == before


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_publishes_nothing_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Impatient(epochs=2)
    monkeypatch.setattr(sys, "stderr", stream)
    status = main([*OPTIONS, *places(tmp_path)])
    monkeypatch.undo()
    assert status == 130
    assert "the same command with --resume goes on" in stream.getvalue()
    assert not (tmp_path / "models").exists()


def test_killed_run_goes_on_to_the_same_weights(tmp_path: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "training", *OPTIONS, *places(tmp_path)]
    checkpoint = tmp_path / "runs" / RUN / FILE
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not checkpoint.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "models").exists()
    resumed, whole = (
        train(CONFIG, Places(runs_dir=place / "runs")).network.state_dict()
        for place in (tmp_path, folder)
    )
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--models-dir", "model digits-mobilenet cannot be written: Not a directory"),
        ("--runs-dir", f"the folder of run '{RUN}' cannot be written: Not a directory"),
    ],
)
def test_target_that_cannot_be_written_is_found_before_training(
    option: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main([*OPTIONS, *places(tmp_path), option, str(tmp_path / "file")]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "epoch" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--architecture", "resnet"), 2, "accepted are mobilenet, "),
        (("--epochs", "none"), 2, "--epochs 'none': Input should be a valid integer"),
        (("--dataset", "kmnist", "--data-dir", os.devnull), 1, "kmnist is neither readable"),
        (("--device", "cuda:99"), 1, "device 'cuda:99' cannot be used here"),
        (("--device", "abacus"), 1, "accepted are auto, cpu"),
        (("--outlier-weight", "1"), 1, "with digits: it is not known what is no picture"),
    ],
    ids=["architecture", "epochs", "data set", "no such GPU", "no such device", "outliers"],
)
def test_mistake_on_the_command_line_is_explained(
    options: tuple[str, ...],
    status: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", *options, *places(tmp_path)]) == status
    assert message in capsys.readouterr().err


def test_old_spelling_of_a_moved_command_says_the_new_one_and_works(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "study", "--list"]
    ended = subprocess.run(
        [*command, "--studies-dir", str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "`python -m research study`" in ended.stderr
    assert "architectures" in ended.stdout

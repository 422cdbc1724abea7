"""The models that this repository publishes."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from artifact.datasets import Datasets
from artifact.metrics import Examples, Metrics
from artifact.predictions import Predictions
from artifact.repository import Repository
from training.networks.architectures import Architecture, build, count_macs, count_parameters
from vision.decode import decode
from vision.preprocess import view

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"
PLACE = re.compile(rb"site-packages|/(?:home|root|tmp|work|usr)/")
BARS = {  # most parameters, least test accuracy
    "mobilenet": (25_000, 0.996),
    "conv": (200_000, 0.997),
    "conv1-mobile3": (200_000, 0.995),
    "conv3-mobile1": (200_000, 0.996),
    "mobilenet-tiny": (8_000, 0.995),
}


@pytest.fixture(scope="module")
def repository() -> Repository:
    return Repository.scan(MODELS)


@pytest.mark.parametrize("name", BARS)
def test_model_is_as_small_and_as_right_as_promised(repository: Repository, name: str) -> None:
    artifact = repository.get(name)
    most_parameters, least_accuracy = BARS[name]
    assert artifact.manifest.architecture.parameters <= most_parameters
    assert artifact.document("metrics", Metrics).test.accuracy >= least_accuracy


@pytest.mark.parametrize("name", BARS)
def test_manifest_says_how_to_build_the_network(repository: Repository, name: str) -> None:
    manifest = repository.get(name).manifest
    told = manifest.architecture.model_dump(exclude={"kind", "parameters", "macs"})
    network = build(Architecture(**told), manifest.input.shape, len(manifest.labels), seed=0)
    sizes = count_parameters(network), count_macs(network, manifest.input.shape)
    assert sizes == (manifest.architecture.parameters, manifest.architecture.macs)


@pytest.mark.parametrize("name", BARS)
def test_runtimes_agree_on_any_picture(repository: Repository, name: str) -> None:
    artifact = repository.get(name)
    batch = np.random.default_rng(0).standard_normal((5, *artifact.manifest.input.shape), "f4")
    onnx, torchscript = (artifact.open(runtime).run(batch) for runtime in ("onnx", "torchscript"))
    np.testing.assert_allclose(onnx, torchscript, atol=1e-4)


@pytest.mark.parametrize("name", BARS)
def test_quantised_file_is_nearly_as_right_as_the_network(
    repository: Repository, name: str
) -> None:
    quantised = repository.get(name).document("metrics", Metrics).quantised
    assert quantised is not None
    assert quantised.against_float.difference >= -0.0005


@pytest.mark.parametrize("name", BARS)
def test_predictions_are_what_the_metrics_and_examples_were_made_of(
    repository: Repository, name: str
) -> None:
    artifact = repository.get(name)
    answered = artifact.document("predictions", Predictions)
    test = artifact.document("metrics", Metrics).test
    wrong = artifact.document("examples", Examples).wrong
    assert answered.right.mean() == test.accuracy
    assert answered.confusion_matrix.tolist() == [list(row) for row in test.confusion_matrix]
    assert {each.index for each in wrong} == set(np.flatnonzero(~answered.right).tolist())
    shares = {each.index: round(each.probability, 3) for each in wrong}
    assert shares == {place: round(answered.probability[place], 3) for place in shares}


def test_test_pictures_are_published_once_small_and_credited(repository: Repository) -> None:
    [stored] = Datasets.scan(MODELS)
    mnist = stored.dataset
    assert {Datasets.scan(MODELS).of(repository.get(name).manifest) for name in BARS} == {stored}
    assert (len(mnist), mnist.side, len(mnist.disputed)) == (10_000, 28, 15)
    assert sum(sheet.bytes for sheet in mnist.sheets) < 3_000_000
    assert "LeCun" in mnist.source
    assert mnist.licence == "CC BY-SA 3.0"


def test_model_answers_the_published_pictures_as_its_predictions_say(
    repository: Repository,
) -> None:
    artifact = repository.get("mobilenet")
    answered = artifact.document("predictions", Predictions)
    stored = Datasets.scan(MODELS).get("mnist")
    some = [947, 6651, 9729, *np.flatnonzero(~answered.right)[:5].tolist(), 0, 1, 2]
    spec = artifact.manifest.input
    views = [view(decode(stored.picture(index)), spec) for index in some]
    said = [each.label for each in artifact.open("onnx").predict(views)]
    assert said == [answered.labels[answered.predicted[index]] for index in some]


@pytest.mark.parametrize("name", BARS)
def test_nothing_is_wrong_with_the_model(repository: Repository, name: str) -> None:
    assert repository.get(name).manifest.findings == ()


def test_no_file_names_a_place_of_the_machine_it_was_made_on(repository: Repository) -> None:
    folders = [each.folder for each in (*repository, *Datasets.scan(MODELS))]
    files = [path for folder in folders for path in folder.rglob("*.*")]
    assert files
    assert not [path for path in files if PLACE.search(path.read_bytes())]


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs a git checkout"
)
def test_checkout_changes_no_byte_of_what_is_checksummed() -> None:
    def git(*arguments: str) -> list[str]:
        command = ["git", "-C", str(ROOT), *arguments]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        return shown.stdout.split("\0")

    files = [file for file in git("ls-files", "-z", "models", "studies") if file]
    conversions = git("check-attr", "-z", "text", "--", *files)[2::3]
    assert len(files) > 100
    assert set(conversions) == {"unset"}

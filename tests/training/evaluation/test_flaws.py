from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from torch import nn

from artifact.manifest import Finding
from artifact.metrics import SplitMetrics
from artifact.repository import Repository
from research.study.execution import ReluHead
from service.app import create_app
from service.settings import Settings
from tests.training.learning import fitted
from training import data
from training.config import RunConfig
from training.data import Dataset, Split, normalization
from training.errors import FlawedError
from training.evaluation.assessment import assess
from training.evaluation.evaluate import split_metrics
from training.evaluation.flaws import (
    brief,
    chance_level,
    dead_outputs,
    double_softmax,
    rarely_predicted,
    refuse_flawed,
    statistics_differ,
    watch,
)
from training.export.parity import encode
from training.export.publication import Candidate, describe_provenance, publish_candidate
from training.networks.architectures import MOBILENET, build
from training.trainer import fit

ABC = ("a", "b", "c")


def names(findings: Iterable[Finding]) -> list[str]:
    return [finding.name for finding in findings]


def sound(images: int = 90) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Logits of three classes, nothing wrong with them."""
    return np.random.default_rng(0).normal(0, 3, (images, 3))


def measured(predicted: list[int], labels: list[int]) -> SplitMetrics:
    return split_metrics(np.eye(3)[predicted], np.array(labels), ABC)


class TestChanceLevel:
    @pytest.mark.parametrize(
        ("right", "found"),
        [
            ((20, 0, 0), ["chance-level"]),
            ((10, 4, 4), ["chance-level"]),
            ((14, 8, 7), []),
            ((20, 10, 10), []),
        ],
        ids=["always-the-commonest", "within-chance", "beyond-chance", "all-right"],
    )
    def test_network_no_better_than_naming_the_commonest_class_is_found(
        self, right: tuple[int, int, int], found: list[str]
    ) -> None:
        labels, predicted = [], []
        for k, (correct, images) in enumerate(zip(right, (20, 10, 10), strict=True)):
            labels += [k] * images
            predicted += [k] * correct + [(k + 1) % 3] * (images - correct)
        assert names(chance_level(measured(predicted, labels))) == found

    @pytest.mark.parametrize("labels", [[0, 1], [0, 1, 2], [0, 0, 0, 1]])
    def test_few_images_that_are_all_right_are_no_chance(self, labels: list[int]) -> None:
        assert names(chance_level(measured(labels, labels))) == []

    def test_what_is_said_names_the_class_and_the_figures(self) -> None:
        (finding,) = chance_level(measured([0] * 20, [0] * 10 + [1] * 6 + [2] * 4))
        assert finding.message == (
            "10 of 20 test images are right, where naming a for every image gets 10: no more than "
            "chance (p = 0.59)"
        )


def test_refusal_says_how_good_the_network_is_and_what_may_help() -> None:
    test = measured([0] * 20, [0] * 10 + [1] * 6 + [2] * 4)
    with pytest.raises(FlawedError) as error:
        refuse_flawed((*chance_level(test), *rarely_predicted({"test": test})), test)
    told = str(error.value)
    assert "Its test accuracy is 50.00% (95% interval 29.93% to 70.07%)" in told
    assert "What may help: more --epochs, another --learning-rate" in told
    assert told.endswith("--publish-flawed publishes it, marked as flawed")


class TestDeadOutputs:
    @pytest.mark.parametrize("value", [0.0, -3.5, 1e4], ids=str)
    def test_constant_logit_is_named_with_its_value(self, value: float) -> None:
        logits = sound()
        logits[:, 1] = value
        (finding,) = dead_outputs(logits, ABC)
        assert finding.name == "dead-output"
        assert finding.evidence == {"label": "b", "value": value, "images": 90}

    def test_logit_that_moves_once_is_alive(self) -> None:
        logits = sound()
        logits[:, 1] = 0
        logits[7, 1] = 0.01
        assert not [*dead_outputs(logits, ABC)]

    def test_every_logit_zero_is_three_dead_outputs(self) -> None:
        assert names(dead_outputs(np.zeros((5, 3)), ABC)) == ["dead-output"] * 3


class TestRarelyPredicted:
    @pytest.mark.parametrize(
        ("right", "images", "found"),
        [
            (0, 16, ["rarely-predicted"]),
            (0, 15, []),
            (0, 3, []),
            (10, 100, ["rarely-predicted"]),
            (15, 100, []),
        ],
        ids=str,
    )
    def test_class_is_named_where_its_interval_lies_below_a_fifth(
        self, right: int, images: int, found: list[str]
    ) -> None:
        predicted = [0] * 10 + [1] * right + [0] * (images - right)
        metrics = measured(predicted, [0] * 10 + [1] * images)
        assert names(rarely_predicted({"test": metrics})) == found

    def test_worst_part_is_told(self) -> None:
        parts = {
            "train": measured([1] * 19 + [0], [1] * 20),
            "test": measured([2] * 20, [1] * 20),
        }
        (finding,) = rarely_predicted(parts)
        assert finding.message == "b is predicted for 0 of its 20 images (test)"
        assert finding.evidence == {"label": "b", "part": "test", "predicted": 0, "images": 20}

    def test_class_without_images_is_none_of_its_business(self) -> None:
        assert not [*rarely_predicted({"test": measured([0, 1], [0, 1])})]


class TestDoubleSoftmax:
    def test_probabilities_are_named(self) -> None:
        logits = np.exp(sound())
        (finding,) = double_softmax(logits / logits.sum(axis=1, keepdims=True))
        assert finding.name == "double-softmax"

    def test_one_image_that_sums_to_one_by_chance_is_not(self) -> None:
        logits = sound()
        logits[0] = [0.2, 0.3, 0.5]
        assert not [*double_softmax(logits)]


class TestWatch:
    def test_sound_network_has_nothing_to_say(self) -> None:
        logits = sound()
        assert brief(watch(logits, logits.argmax(axis=1))) == ""

    def test_findings_are_told_by_name_and_class(self) -> None:
        truth = np.arange(90) % 3
        logits = 4.0 * np.eye(3)[truth]
        logits[:, 2] = 0
        logits[:, 1] -= 1
        assert brief(watch(logits, truth)) == "dead-output 2; rarely-predicted 2"
        logits[:, 2] = -1
        logits[:, 0] += 9
        assert brief(watch(logits, truth)) == "dead-output 2; rarely-predicted 1, 2"

    def test_probabilities_have_no_class_to_name(self) -> None:
        truth = np.arange(9) % 3
        assert brief(watch(0.8 * np.eye(3)[truth] + 0.2 / 3, truth)) == "double-softmax"


class TestEvaluationDiffers:
    def test_statistics_of_other_images_are_named(self, small: Split) -> None:
        scaling = normalization.measure(small.train)
        network = fitted(nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 10)), small)
        assert not [*statistics_differ(network, scaling, small.train)]
        running_mean = network.get_submodule("0").get_buffer("running_mean")
        running_mean += 20
        (finding,) = statistics_differ(network, scaling, small.train)
        assert finding.name == "evaluation-differs"
        assert not network.training


def relu_head() -> ReluHead:
    """A small network with the fault of the seed report: some outputs never win."""
    return ReluHead(build(MOBILENET, (1, 8, 8), 10, seed=0))


@pytest.fixture(scope="module")
def candidate(digits: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Candidate:
    config = RunConfig(epochs=3, batch_size=32, learning_rate=0.02)
    split = data.split(digits, 0.8, seed=0)
    scaling = normalization.measure(split.train)
    runs = tmp_path_factory.mktemp("runs")
    network = relu_head()
    done = fit(network, split, scaling, config, runs)
    return Candidate(
        name="flawed",
        architecture=MOBILENET,
        network=network.to(memory_format=torch.contiguous_format),
        dataset=digits,
        calibration=data.sample(split.train, 64),
        normalization=scaling,
        assessment=assess(network, scaling, split, digits.labels, done.curves),
        provenance=describe_provenance(config, split, done),
    )


class TestFlawedHead:
    """The whole way: trained, caught by name, refused, and marked where it was published."""

    def test_training_says_so_after_every_epoch(
        self, digits: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        split = data.split(digits, 0.8, seed=0)
        config = RunConfig(epochs=2, batch_size=32, learning_rate=0.02)
        fit(relu_head(), split, normalization.measure(split.train), config, tmp_path)
        lines = [line for line in capsys.readouterr().err.splitlines() if "so far:" in line]
        assert [line[:11] for line in lines] == ["epoch   1/2", "epoch   2/2"]
        assert all("dead-output" in line and "rarely-predicted" in line for line in lines)

    def test_fault_is_reproduced_and_caught_by_name(self, candidate: Candidate) -> None:
        found = candidate.assessment.findings
        dead = {finding.evidence["label"] for finding in found if finding.name == "dead-output"}
        rare = {
            finding.evidence["label"] for finding in found if finding.name == "rarely-predicted"
        }
        assert dead
        assert len(rare) >= len(dead) - 1, "one class may win where all outputs are 0"
        assert set(names(found)) == {"dead-output", "rarely-predicted"}

    def test_same_network_without_the_relu_has_no_finding(self, small: Split) -> None:
        scaling = normalization.measure(small.train)
        network = build(MOBILENET, (1, 8, 8), 10, seed=0)
        labels = tuple("0123456789")
        assert not assess(fitted(network, small), scaling, small, labels, ()).findings

    def test_it_is_not_published_by_accident(self, candidate: Candidate, tmp_path: Path) -> None:
        with pytest.raises(FlawedError, match=r"dead-output: the logit of .* --publish-flawed"):
            publish_candidate(candidate, tmp_path)
        assert not list(tmp_path.iterdir())

    def test_override_marks_manifest_and_answers(
        self, candidate: Candidate, tmp_path: Path
    ) -> None:
        published = publish_candidate(candidate, tmp_path, publish_flawed=True)
        findings = Repository.scan(tmp_path).get("flawed").manifest.findings
        assert findings == published.manifest.findings == candidate.assessment.findings
        with TestClient(create_app(Settings(models_dir=tmp_path))) as client:
            [model] = client.get("/models").json()["models"]
            answer = client.post("/predict", content=encode(candidate.dataset.test.pixels[0]))
        assert [finding["name"] for finding in model["findings"]] == names(findings)
        assert answer.json()["findings"] == names(findings)

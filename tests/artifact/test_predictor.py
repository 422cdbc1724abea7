from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from artifact.errors import BrokenArtifact
from artifact.manifest import Rejection
from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from tests.known_answer import (
    GAIN,
    LABELS,
    TEMPERATURE,
    known_probability,
    picture,
    publish_known_answer,
)
from vision.decode import decode
from vision.preprocess import View, view


class Answering:
    """A runtime that answers every picture with the same logits."""

    input_name = "input"
    output_name = "logits"

    def __init__(self, logits: Sequence[float]) -> None:
        self._logits = np.array(logits, np.float32)

    def run(self, batch: Batch) -> Logits:
        return np.tile(self._logits, (len(batch), 1))


@pytest.mark.parametrize("pictures", [1, 40])
@pytest.mark.parametrize("logit", [float("nan"), float("inf"), float("-inf"), 1e30])
def test_answer_that_is_not_finite_is_refused(
    predictor: Predictor, logit: float, pictures: int
) -> None:
    broken = Predictor(predictor.manifest, "onnx", Answering([0, 1, logit, 0]))
    with pytest.raises(BrokenArtifact, match=r"known version 1 .* not finite on onnx"):
        broken.predict([seen(predictor, "top-left")] * pictures)


@pytest.fixture
def predictor(tmp_path: Path) -> Predictor:
    return publish_known_answer(tmp_path, runtimes=["onnx"]).open("onnx")


def seen(predictor: Predictor, *bright: str) -> View:
    return view(decode(picture(*bright)), predictor.manifest.input)


def test_answers_follow_the_order_of_the_pictures(predictor: Predictor) -> None:
    labels = [*LABELS, *reversed(LABELS), "top-right"]
    answers = predictor.predict([seen(predictor, label) for label in labels])
    assert [answer.label for answer in answers] == labels


def test_probability_is_the_softmax_after_the_temperature(predictor: Predictor) -> None:
    (answer,) = predictor.predict([seen(predictor, "bottom-left")])
    assert answer.probability == pytest.approx(known_probability(), abs=1e-6)
    assert answer.probabilities["bottom-left"] == answer.probability
    assert list(answer.probabilities) == list(LABELS)
    assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_clear_picture_is_accepted_without_a_reason(predictor: Predictor) -> None:
    (answer,) = predictor.predict([seen(predictor, "top-left")])
    assert (answer.accepted, answer.reason) == (True, None)


def test_two_bright_quarters_are_not_accepted(predictor: Predictor) -> None:
    (answer,) = predictor.predict([seen(predictor, "top-left", "top-right")])
    assert answer.probability < 0.6
    assert (answer.accepted, answer.reason) == (False, "unfamiliar")


def test_threshold_holds_for_the_score_that_the_manifest_names(tmp_path: Path) -> None:
    by_confidence = publish_known_answer(tmp_path, runtimes=["onnx"]).open("onnx")
    rejection = Rejection(score="max-logit", threshold=GAIN / TEMPERATURE + 0.01, accepted=0)
    manifest = by_confidence.manifest.model_copy(update={"rejection": rejection})
    by_logit = Predictor(manifest, "onnx", by_confidence)
    picture_seen = [seen(by_confidence, "top-left")]
    assert by_confidence.predict(picture_seen)[0].accepted
    assert not by_logit.predict(picture_seen)[0].accepted


def test_model_without_a_threshold_accepts_everything(predictor: Predictor) -> None:
    manifest = predictor.manifest.model_copy(update={"rejection": None})
    undecided = seen(predictor, "top-left", "top-right")
    (answer,) = Predictor(manifest, "onnx", predictor).predict([undecided])
    assert (answer.accepted, answer.reason) == (True, None)

from pathlib import Path

import numpy as np
import pytest

from artifact.images import decode
from artifact.predictor import Predictor, softmax
from artifact.preprocess import View, view
from tests.known_answer import LABELS, known_probability, picture, publish_known_answer


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
    assert (answer.accepted, answer.reason) == (False, "uncertain")


@pytest.mark.parametrize("level", [-1e30, -1e4, 0.0, 1e4, 1e30])
def test_softmax_of_any_finite_logits_sums_to_one(level: float) -> None:
    rows = softmax(np.array([[level, level], [level, 0]], np.float32))
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(rows[0], 0.5)

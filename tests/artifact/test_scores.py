from math import exp, log

import numpy as np
import pytest

from artifact.manifest import ScoreName
from artifact.scores import SCORES, softmax


@pytest.mark.parametrize("level", [-1e30, -1e4, 0.0, 1e4, 1e30])
def test_softmax_of_any_finite_logits_sums_to_one(level: float) -> None:
    rows = softmax(np.array([[level, level], [level, 0]], np.float32))
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(rows[0], 0.5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("max-softmax", [1 / 3, exp(2) / (exp(2) + 2)]),
        ("energy", [log(3), log(exp(2) + 2)]),
        ("max-logit", [0, 2]),
    ],
)
def test_score_is_what_its_source_says(name: ScoreName, expected: list[float]) -> None:
    logits = np.array([[0, 0, 0], [0, 2, 0]], np.float32)
    np.testing.assert_allclose(SCORES[name](logits), expected, rtol=1e-6)


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("level", [-1e30, -1e4, 1e4, 1e30])
def test_score_of_any_finite_logits_is_finite(name: ScoreName, level: float) -> None:
    assert np.isfinite(SCORES[name](np.array([[level, level], [level, 0]], np.float32))).all()

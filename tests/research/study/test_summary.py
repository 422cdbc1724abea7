"""Means, spreads and verdicts, held against scipy's own tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from artifact.statistics.paired import holm
from research.study.summary import summary
from tests.research.stored import store_study
from training.errors import StudyError

CONV, MOBILENET = (0.99, 0.985, 0.992, 0.988), (0.975, 0.98, 0.981, 0.978)


def test_spread_and_interval_are_students() -> None:
    found = summary(CONV)
    assert found.mean == pytest.approx(np.mean(CONV))
    assert found.standard_deviation == pytest.approx(np.std(CONV, ddof=1))
    assert found.interval == pytest.approx(stats.ttest_1samp(CONV, 0).confidence_interval(0.95))


def test_one_seed_has_no_spread() -> None:
    found = summary([0.99])
    assert (found.mean, found.standard_deviation, found.interval) == (0.99, None, None)


def test_pair_is_students_test_of_the_same_seeds_the_better_arm_first(tmp_path: Path) -> None:
    study = store_study(tmp_path, "architectures", {"mobilenet": MOBILENET, "conv": CONV})
    [pair] = study.pairs
    expected = stats.ttest_rel(CONV, MOBILENET)
    assert (pair.first, pair.second, pair.seeds) == ("conv", "mobilenet", 4)
    assert pair.difference == pytest.approx(np.mean(CONV) - np.mean(MOBILENET))
    assert pair.p_value == pytest.approx(expected.pvalue)
    assert pair.interval == pytest.approx(expected.confidence_interval(0.95))
    assert pair.more_than_noise is True


def test_pairs_of_a_study_are_corrected_together(tmp_path: Path) -> None:
    arms = {"sgd": (0.9, 0.92, 0.91), "sgd with momentum": (0.95, 0.94, 0.96), "adam": CONV[:3]}
    pairs = store_study(tmp_path, "optimizers", arms).pairs
    told = [pair.p_value for pair in pairs if pair.p_value is not None]
    assert [pair.adjusted_p_value for pair in pairs] == holm(told)
    assert min(told) < min(holm(told))


@pytest.mark.parametrize(
    ("conv", "mobilenet", "seeds"),
    [((0.99,), (0.98,), 1), ((0.99, 0.98), (0.98,), 1), ((0.99, 0.98), (0.98, 0.97), 2)],
    ids=["one seed", "one seed in common", "no spread"],
)
def test_what_cannot_be_judged_is_not(
    tmp_path: Path, conv: Sequence[float], mobilenet: Sequence[float], seeds: int
) -> None:
    study = store_study(tmp_path, "architectures", {"conv": conv, "mobilenet": mobilenet})
    [pair] = study.pairs
    assert (pair.seeds, pair.p_value, pair.more_than_noise) == (seeds, None, None)
    assert pair.difference == pytest.approx(0.01)


def test_runs_without_a_result_are_listed(tmp_path: Path) -> None:
    study = store_study(tmp_path, "architectures", {"conv": (0.99, 0.98), "mobilenet": (0.98,)})
    [missing] = study.missing
    assert (missing.arm, missing.seed) == ("mobilenet", 1)
    assert missing.reason == "it has not been done yet"


def test_study_without_any_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="study 'architectures' has no finished run"):
        store_study(tmp_path, "architectures", {"other": (0.99,)})

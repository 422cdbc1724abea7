import numpy as np
import pytest

from training.evaluation.rejection import (
    KEPT,
    auroc,
    choose_rejection,
    fit_rejection,
    separate,
    threshold_for,
)

KNOWN = np.linspace(0.5, 1, 1000, dtype=np.float32)


def test_nearly_all_validation_pictures_are_accepted() -> None:
    rejection = fit_rejection(KNOWN, {})
    assert 0.995 <= rejection.accepted < 0.998
    assert (rejection.threshold <= KNOWN).mean() == rejection.accepted


@pytest.mark.parametrize("images", [1, 7, 199, 200, 201, 1000])
@pytest.mark.parametrize("accepted", [0.5, 0.995, 1.0])
def test_at_least_the_share_is_accepted_and_no_image_more(images: int, accepted: float) -> None:
    scores = np.random.default_rng(0).permutation(images).astype(np.float32)
    threshold = threshold_for(scores, accepted)
    assert (scores >= threshold).mean() >= accepted
    assert (scores > threshold).sum() < max(accepted * images, 1)


def test_equally_familiar_pictures_are_all_accepted() -> None:
    assert fit_rejection(np.full(10, 1 / 3, np.float32), {}).accepted == 1


def test_separation_is_unknown_without_outliers() -> None:
    assert fit_rejection(KNOWN, {}).separation is None


@pytest.mark.parametrize(
    ("outliers", "expected"),
    [([0.0, 0.1], 1), ([2.0], 0), ([0.0, 2.0], 0.5), (KNOWN, 0.5)],
    ids=["all below", "all above", "half and half", "the same"],
)
def test_auroc_is_the_chance_that_the_known_scores_higher(
    outliers: list[float], expected: float
) -> None:
    assert auroc(KNOWN, np.array(outliers)) == pytest.approx(expected)


def test_threshold_rests_on_the_known_alone() -> None:
    with_outliers = fit_rejection(KNOWN, {"far": KNOWN - 1, "near": KNOWN})
    assert with_outliers.threshold == fit_rejection(KNOWN, {}).threshold


@pytest.mark.parametrize(
    ("choosing", "accepted"),
    [
        ({"far": [0.1] * 9}, 1),
        ({"near": [0.52] * 9}, 0.95),
        ({"amid": [0.7] * 9}, 1),
        ({"the same": KNOWN}, 1),
        ({"far": [0.1] * 999, "near": [0.52]}, 0.95),
        ({"nearer than it is worth": [0.52, *[0.7] * 99]}, 1),
    ],
    ids=lambda kinds: " and ".join(kinds) if isinstance(kinds, dict) else "",
)
def test_threshold_is_where_most_outliers_are_rejected_for_the_fewest_known(
    choosing: dict[str, list[float]], accepted: float
) -> None:
    kinds = {kind: np.array(scores, np.float32) for kind, scores in choosing.items()}
    others = {"others": KNOWN - 1}
    rejection = choose_rejection(KNOWN, kinds, others)
    assert rejection.accepted == pytest.approx(accepted, abs=0.002)
    assert rejection.accepted >= KEPT
    assert rejection.separation == separate(KNOWN, others)


def test_curve_tells_what_every_threshold_would_accept() -> None:
    curve = separate(KNOWN, {"far": KNOWN - 1, "near": KNOWN}).curve
    thresholds = [point.threshold for point in curve]
    assert thresholds == sorted(thresholds)
    for point in curve:
        assert point.accepted == (point.threshold <= KNOWN).mean()
        assert point.outliers == {"far": 0, "near": point.accepted}

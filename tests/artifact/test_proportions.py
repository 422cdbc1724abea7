import pytest

from artifact.statistics.proportions import pictures_to_tell, wilson_interval


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0000),
        (0, 0, 0.0, 1.0),
    ],
)
def test_interval_is_newcombes(correct: int, total: int, low: float, high: float) -> None:
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("correct", "bound"), [(0, 0), (60000, 1)], ids=["none", "all"])
def test_bounds_are_exact_at_the_ends(correct: int, bound: int) -> None:
    assert wilson_interval(correct, 60000)[bound] == bound


@pytest.mark.parametrize(
    ("images", "first", "second", "needed"),
    [
        # By Connor's formula, by hand: discordant 0.3, difference 0.2 and 0.05.
        pytest.param(100, 25, 5, 57, id="large-difference"),
        pytest.param(400, 70, 50, 940, id="small-difference"),
        pytest.param(100, 5, 25, 57, id="either-way-round"),
        pytest.param(100, 10, 10, None, id="equally-right"),
        pytest.param(100, 0, 0, None, id="never-apart"),
    ],
)
def test_pictures_to_tell_are_connors(
    images: int, first: int, second: int, needed: int | None
) -> None:
    assert pictures_to_tell(images, first, second) == needed


def test_pictures_to_tell_depend_on_shares_alone() -> None:
    assert pictures_to_tell(100, 12, 8) == pictures_to_tell(10_000, 1_200, 800)

import pytest
from scipy.stats import binomtest

from artifact.statistics.paired import mcnemar_exact, paired_difference, tango_interval

# Two tables of Fagerland, Lydersen and Laake, "Recommended tests and confidence intervals for
# paired binomial proportions" (2014): airway reactivity (Bentur et al.), complete response to a
# therapy (Cavo et al.), each as counts of both, only the first, only the second, neither.
BENTUR = (1, 1, 7, 12)
CAVO = (59, 6, 16, 80)


@pytest.mark.parametrize(
    ("table", "difference", "interval", "p_value"),
    [
        (BENTUR, -0.2857, (-0.517, -0.026), 0.0703),
        (CAVO, -0.0621, (-0.124, -0.0054), 0.052479),
    ],
    ids=["Bentur", "Cavo"],
)
def test_textbook_table_has_its_known_figures(
    table: tuple[int, int, int, int],
    difference: float,
    interval: tuple[float, float],
    p_value: float,
) -> None:
    both, first, second, neither = table
    found = paired_difference(sum(table), first, second, neither)
    assert found.both_right == both
    assert found.difference == pytest.approx(difference, abs=5e-5)
    assert found.interval == pytest.approx(interval, abs=5e-4)
    assert found.p_value == pytest.approx(p_value, abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (0, 1), (1, 0), (5, 5), (12, 3), (25, 31), (400, 520)], ids=str
)
def test_p_is_the_binomial_tests(first: int, second: int) -> None:
    expected = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar_exact(first, second) == pytest.approx(expected)
    assert mcnemar_exact(second, first) == mcnemar_exact(first, second)


def test_no_discordant_image_leaves_a_known_doubt() -> None:
    z = 1.959964
    bound = z**2 / (100 + z**2)  # solves the score equation by hand
    assert tango_interval(100, 0, 0) == pytest.approx((-bound, bound), abs=1e-5)


def test_interval_turns_round_with_the_order() -> None:
    low, high = tango_interval(10_000, 12, 30)
    assert tango_interval(10_000, 30, 12) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    ("images", "first", "second"),
    [(1, 1, 0), (1, 0, 1), (1, 0, 0), (10, 10, 0), (10, 0, 10), (10_000, 1, 0), (60_000, 90, 9)],
    ids=str,
)
def test_interval_holds_the_difference_and_stays_in_range(
    images: int, first: int, second: int
) -> None:
    low, high = tango_interval(images, first, second)
    assert -1 <= low <= (first - second) / images <= high <= 1
    assert high - low > 0


@pytest.mark.parametrize(
    ("first", "second", "is_noise"), [(30, 12, False), (26, 18, True)], ids=["clear", "noise"]
)
def test_interval_leaves_out_zero_where_the_test_finds_a_difference(
    first: int, second: int, is_noise: bool
) -> None:
    low, high = tango_interval(10_000, first, second)
    assert (low <= 0 <= high) == is_noise
    assert (mcnemar_exact(first, second) > 0.05) == is_noise

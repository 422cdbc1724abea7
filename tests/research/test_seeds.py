import statistics

import pytest

from research.study.seeds import spread


def test_spread_is_that_of_a_sample() -> None:
    found = spread({0: 0.995, 1: 0.996, 2: 0.9945})
    assert found.mean == pytest.approx(statistics.mean([0.995, 0.996, 0.9945]))
    assert found.standard_deviation == pytest.approx(statistics.stdev([0.995, 0.996, 0.9945]))
    assert found.test_accuracy == {0: 0.995, 1: 0.996, 2: 0.9945}


@pytest.mark.parametrize("known", [{}, {0: 0.99}], ids=["none", "one"])
def test_one_result_has_no_spread(known: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="at least two"):
        spread(known)

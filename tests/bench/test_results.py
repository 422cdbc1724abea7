from pathlib import Path

import pytest

from bench.serving.results import Results, Spread, ratio
from tests.bench.samples import loads, reading, results


def test_spread_is_the_median_with_the_ends() -> None:
    assert Spread.of({1: 5, 2: 1, 3: 2}) == Spread(median=2, low=1, high=5)


def test_spread_of_nothing_is_none() -> None:
    assert Spread.of({}) is None


@pytest.mark.parametrize(
    ("of", "to", "right"),
    [
        ({1: 200, 2: 100}, {1: 100, 2: 50}, {1: 2, 2: 2}),
        ({1: 4}, {2: 2}, {}),
        ({1: 4, 2: 6}, {2: 2}, {2: 3}),
        ({1: 4}, {1: 0}, {}),
    ],
    ids=["machine half as fast in one", "no round of both", "one of both", "nothing answered"],
)
def test_ratio_is_taken_within_each_round(
    of: dict[int, float], to: dict[int, float], right: dict[int, float]
) -> None:
    assert ratio(of, to) == right


def test_batch_counts_its_pictures() -> None:
    assert results().per_second("tandem", "batch", 16) == {1: 90 * 256, 2: 80 * 256}


def test_loads_are_kept_apart_by_kind_and_clients() -> None:
    found = Results(
        date="",
        hardware="",
        load_seconds=1,
        versions={},
        loads=(*loads("ray", "form", 1, [10]), *loads("ray", "form", 16, [20])),
    )
    assert found.per_second("ray", "form", 1) == {1: 10}
    assert found.per_second("ray", "picture", 1) == {}


def test_errors_are_counted_over_all_loads_of_a_round() -> None:
    failing = [
        load.model_copy(update={"reading": reading(10, refused=refused)})
        for refused in (3, 4)
        for load in loads("ray", "form", 1, [10])
    ]
    found = Results(date="", hardware="", load_seconds=1, versions={}, loads=tuple(failing))
    assert found.errors("ray") == {1: 7}


def test_results_survive_being_stored(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(results().model_dump_json())
    assert Results.model_validate_json(path.read_bytes()) == results()

from dataclasses import replace

import pytest

from artifact.statistics.comparison import (
    ComparedGroup,
    Contender,
    FrontPoint,
    compare_models,
    pareto_front,
)
from artifact.statistics.paired import holm
from tests.contenders import IMAGES, contender

ONE, OTHER = "1" * 64, "2" * 64


def only_group(*contenders: Contender) -> ComparedGroup:
    (group,) = compare_models(contenders).groups
    return group


def test_pair_counts_images_one_by_one() -> None:
    group = only_group(contender("a", {0, 1, 2, 3}), contender("b", {3, 30}))
    (pair,) = group.pairs
    assert (pair.first, pair.second) == ("b/1", "a/1")
    paired = pair.paired
    assert (paired.only_first_right, paired.only_second_right) == (3, 1)
    assert (paired.both_right, paired.both_wrong, paired.images) == (35, 1, IMAGES)
    assert paired.difference == pytest.approx(2 / 40)
    assert paired.p_value == pytest.approx(0.625)
    assert paired.interval[0] < 0 < paired.interval[1]


def test_most_accurate_model_comes_first_and_every_pair_once() -> None:
    wrong = {"a": 5, "b": 0, "c": 9, "d": 2}
    group = only_group(*(contender(name, range(count)) for name, count in wrong.items()))
    assert [model.model for model in group.models] == ["b/1", "d/1", "a/1", "c/1"]
    assert len(group.pairs) == 6
    assert all(pair.paired.difference >= 0 for pair in group.pairs)


def test_corrected_p_is_holms() -> None:
    group = only_group(contender("a", ()), contender("b", range(8)), contender("c", range(3)))
    raw = [pair.paired.p_value for pair in group.pairs]
    assert [pair.adjusted_p_value for pair in group.pairs] == pytest.approx(holm(raw))


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.5, 0.9], [1.0, 1.0]),
        ([0.02], [0.02]),
        ([], []),
    ],
    ids=["four", "capped", "one", "none"],
)
def test_holms_correction_by_hand(p_values: list[float], adjusted: list[float]) -> None:
    assert holm(p_values) == pytest.approx(adjusted)


@pytest.mark.parametrize(
    ("first", "second", "groups"),
    [
        (contender("a", {1}), contender("b", {2}), 1),
        (contender("a", {1}, digest=ONE), contender("b", {2}, digest=ONE), 1),
        (contender("a", {1}, digest=ONE), contender("b", {2}), 1),
        (contender("a", {1}, digest=ONE), contender("b", {2}, digest=OTHER), 2),
        (contender("a", {1}), contender("b", {2}, dataset="other"), 2),
    ],
    ids=["old", "same", "one-old", "other-images", "other-data-set"],
)
def test_only_models_of_the_same_test_images_are_compared(
    first: Contender, second: Contender, groups: int
) -> None:
    found = compare_models([first, second]).groups
    assert len(found) == groups
    assert sum(len(group.pairs) for group in found) == (1 if groups == 1 else 0)


def test_old_model_stands_apart_where_two_test_sets_are_known() -> None:
    found = compare_models(
        [contender("a", (), digest=ONE), contender("b", (), digest=OTHER), contender("c", ())]
    )
    assert [[model.model for model in group.models] for group in found.groups] == [
        ["a/1"],
        ["b/1"],
        ["c/1"],
    ]


@pytest.mark.parametrize(
    "bare",
    [replace(contender("bare", ()), metrics=None), replace(contender("bare", ()), examples=None)],
    ids=["no-metrics", "no-examples"],
)
def test_model_without_its_documents_is_left_out_by_name(bare: Contender) -> None:
    found = compare_models([bare, contender("a", ())])
    (left_out,) = found.not_compared
    assert (left_out.model, left_out.reason) == (
        "bare/1",
        "published without metrics or examples",
    )
    assert [model.model for model in found.groups[0].models] == ["a/1"]


def test_model_whose_documents_contradict_each_other_is_left_out() -> None:
    two, one = contender("two", {1, 2}), contender("one", {1})
    found = compare_models([replace(two, examples=one.examples)])
    assert found.not_compared[0].reason == (
        "its examples list 1 wrong test images of 40, its metrics 2 of 40"
    )
    assert not found.groups


def test_model_without_benchmark_is_in_no_latency_front() -> None:
    group = only_group(replace(contender("a", ()), benchmark=None), contender("bb", {1}))
    assert [point.model for front in group.latency_fronts for point in front.points] == ["bb/1"]
    assert group.models[0].runtimes[0].p50_ms is None


def test_latencies_of_two_machines_are_two_fronts() -> None:
    here, there = contender("a", ()), contender("b", ())
    assert there.benchmark is not None
    elsewhere = there.benchmark.model_copy(update={"hardware": "elsewhere"})
    group = only_group(here, replace(there, benchmark=elsewhere))
    points = {front.hardware: len(front.points) for front in group.latency_fronts}
    assert points == {"a machine": 1, "elsewhere": 1}


def point(model: str, accuracy: float, cost: float) -> FrontPoint:
    return FrontPoint(model=model, runtime="onnx", accuracy=accuracy, cost=cost)


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([("a", 0.9, 1), ("b", 0.95, 2), ("c", 0.99, 3)], "abc"),
        ([("a", 0.9, 1), ("b", 0.8, 2)], "a"),
        ([("a", 0.9, 1), ("b", 0.9, 2)], "a"),
        ([("a", 0.9, 1), ("b", 0.8, 1)], "a"),
        ([("a", 0.9, 1), ("b", 0.9, 1)], "ab"),
        ([("c", 0.99, 3), ("b", 0.95, 4), ("a", 0.9, 1)], "ac"),
        ([], ""),
    ],
    ids=["all", "worse", "dearer", "less-right", "equal", "middle-beaten", "none"],
)
def test_front_is_what_no_other_beats(points: list[tuple[str, float, float]], front: str) -> None:
    assert [found.model for found in pareto_front([point(*each) for each in points])] == [*front]

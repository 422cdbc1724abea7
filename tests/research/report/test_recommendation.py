"""What to ship under a limit, where that changes the pick."""

from artifact.manifest import RuntimeId
from artifact.statistics.comparison import OptionGroup
from artifact.statistics.option import Option
from research.report.analysis import recommend


def option(model: str, wrong: int, size: int, p50_ms: float | None = None) -> Option:
    runtime: RuntimeId = "onnx"
    counts = ((500 - wrong, wrong), (0, 500))
    return Option(model, runtime, size, p50_ms, ("a", "b"), counts, frozenset(range(wrong)))


def test_limits_are_those_that_change_the_pick() -> None:
    large, small = option("large/1", 5, 500 * 1024, 0.5), option("small/1", 100, 20 * 1024, 0.1)
    advice = recommend(OptionGroup("shapes", [large, small]))
    assert advice.decision.pick is not None
    assert advice.decision.pick.model == "large/1"
    assert [(limit, choice.model) for limit, choice in advice.limits] == [
        ("at most 20 KiB", "small/1"),
        ("at most 100 µs a picture", "small/1"),
    ]


def test_no_limit_is_told_where_one_model_is_best_in_all() -> None:
    best, other = option("best/1", 5, 20 * 1024, 0.1), option("other/1", 100, 500 * 1024, 0.5)
    assert not recommend(OptionGroup("shapes", [best, other])).limits


def test_sizes_alone_are_limits_where_no_time_was_measured() -> None:
    large, small = option("large/1", 5, 500 * 1024), option("small/1", 100, 20 * 1024)
    advice = recommend(OptionGroup("shapes", [large, small]))
    assert [limit for limit, _ in advice.limits] == ["at most 20 KiB"]

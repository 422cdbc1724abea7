"""What is shipped, and what is said of it, for options whose answers are known one by one."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from artifact.manifest import RuntimeId
from artifact.statistics.comparison import option_groups
from artifact.statistics.constraints import Constraints
from artifact.statistics.decision import Decision, decide
from artifact.statistics.option import Option
from artifact.statistics.wording import price
from tests.contenders import contender, option


def shipped(decision: Decision) -> tuple[str, RuntimeId]:
    assert decision.verdict == "ship"
    assert decision.pick is not None
    return decision.pick.model, decision.pick.runtime


@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param(
            [option("large", range(10), kib=900), option("small", range(80), kib=9)],
            "large",
            id="clearly-better",
        ),
        pytest.param(
            [option("large", range(20), kib=900), option("small", range(2, 22), kib=9)],
            "small",
            id="smallest-of-a-tie",
        ),
        pytest.param(
            [option("slow", range(20), ms=3.0), option("quick", range(2, 22), ms=0.2)],
            "quick",
            id="fastest-of-a-tie-as-small",
        ),
        pytest.param(
            [option("timed", range(20), ms=3.0), option("untimed", range(2, 22), ms=None)],
            "timed",
            id="timed-before-untimed",
        ),
        pytest.param(
            [
                option("good", range(3), kib=900, images=30),
                option("poor", range(3, 10), kib=9, images=30),
            ],
            "good",
            id="few-pictures-prove-no-tie",
        ),
        pytest.param(
            [
                option("sound", range(60)),
                option("flawed", (), kib=9, findings=("dead-output",)),
            ],
            "sound",
            id="never-with-a-finding",
        ),
    ],
)
def test_pick(options: list[Option], named: str) -> None:
    assert shipped(decide(options))[0] == named


@pytest.mark.parametrize("images", [30, 400, 4000])
def test_nothing_is_shipped_that_is_no_better_than_the_majority(images: int) -> None:
    guessing = option("guess", range(images // 2), images=images)
    decision = decide([guessing, option("other", range(1, images // 2), images=images)])
    assert decision.verdict == "no-better-than-majority"
    assert decision.pick is None
    assert "Ship none" in decision.reasons[0]


def test_flawed_models_alone_are_not_shipped() -> None:
    decision = decide([option("one", (), findings=("double-softmax",))])
    assert decision.verdict == "flawed"


ACCURATE = option("accurate", range(10), kib=900, ms=2.0)
QUICK = option("quick", range(60), kib=300, ms=0.5)
SMALL = option("small", range(0, 180, 2), kib=9, ms=0.7)  # wrong are cats alone: recall 110 of 200


@pytest.mark.parametrize(
    ("constraints", "named"),
    [
        pytest.param(Constraints(), "accurate", id="none"),
        pytest.param(Constraints(max_ms=1), "quick", id="time"),
        pytest.param(Constraints(max_kib=100), "small", id="size"),
        pytest.param(Constraints(max_kib=300, min_accuracy=0.8), "quick", id="size-and-accuracy"),
        pytest.param(Constraints(min_recall={"cat": 0.9}), "accurate", id="recall"),
        pytest.param(Constraints(runtime="onnx", max_ms=0.5), "quick", id="runtime"),
    ],
)
def test_constraints_come_first(constraints: Constraints, named: str) -> None:
    assert shipped(decide([ACCURATE, QUICK, SMALL], constraints))[0] == named


@pytest.mark.parametrize(
    ("right_more", "who"), [(0, ". The pick"), (3, ". Before rounding to 8 bits, the pick")]
)
def test_difference_of_rounded_files_is_said_to_be_that_of_their_networks(
    right_more: int, who: str
) -> None:
    network = option("other", range(30), kib=900, runtime="onnx-int8")
    rounded = replace(network, confusion=option("other", range(30 - right_more)).confusion)
    reasons = " ".join(decide([option("good", range(20)), rounded]).reasons)
    assert f"{who} is 2.5 points ahead" in reasons


def test_pick_is_not_larger_and_less_accurate_than_another_that_ties() -> None:
    best = option("wide", range(76), kib=13_174, ms=7.6, images=320)
    # Wrong where that one is, and 4 times more: clearly behind it, by little.
    rounded = option("wide", range(80), kib=3_745, ms=3.5, images=320, runtime="onnx-int8")
    tuned = option("tuned", range(16, 97), kib=13_170, ms=4.3, images=320)
    assert shipped(decide([best, tuned]))[0] == "tuned"
    pick = decide([best, rounded, tuned]).pick
    assert pick is not None
    assert (pick.model, pick.runtime) == ("wide", "onnx-int8")


@pytest.mark.parametrize(
    ("constraints", "failing"),
    [
        pytest.param(
            Constraints(max_ms=0.1), {"max-ms": ("quick on onnx", 0.4)}, id="alone-out-of-reach"
        ),
        pytest.param(
            Constraints(max_ms=1, min_accuracy=0.95),
            {"max-ms": ("accurate on onnx", 1.0), "min-accuracy": ("quick on onnx", 0.1)},
            id="each-within-reach-alone",
        ),
        pytest.param(
            Constraints(max_kib=10, min_recall={"cat": 0.9}),
            {"max-kib": ("accurate on onnx", 890.0), "min-recall cat": ("small on onnx", 0.35)},
            id="recall",
        ),
        pytest.param(
            Constraints(runtime="torchscript"),
            {"runtime": ("accurate on onnx", None)},
            id="no-such-runtime",
        ),
        pytest.param(
            Constraints(max_ms=0.6, max_kib=10, min_accuracy=0.95),
            {"max-ms": ("accurate on onnx", 1.4), "max-kib": ("accurate on onnx", 890.0)},
            id="never-all-but-one",
        ),
    ],
)
def test_unmet_constraints_are_named_with_the_nearest(
    constraints: Constraints, failing: Mapping[str, tuple[str, float | None]]
) -> None:
    decision = decide([ACCURATE, QUICK, SMALL], constraints)
    assert decision.verdict == "constraints-unmet"
    found = {one.constraint: (one.nearest, one.misses_by) for one in decision.unmet}
    assert found == {
        name: (nearest, misses_by and pytest.approx(misses_by))
        for name, (nearest, misses_by) in failing.items()
    }
    assert len(decision.reasons) == 2 + len(found)


def test_latency_that_was_not_measured_meets_no_limit() -> None:
    decision = decide([option("untimed", (), ms=None)], Constraints(max_ms=9))
    assert decision.verdict == "constraints-unmet"
    assert decision.unmet[0].value is None


def test_unknown_class_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no class 'cow'; the classes are cat, dog"):
        decide([ACCURATE], Constraints(min_recall={"cow": 0.5}))


def test_options_of_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="2 different sets"):
        decide([ACCURATE, option("few", (), images=10)])


def test_rival_is_the_most_accurate_other_model_with_both_prices() -> None:
    decision = decide([ACCURATE, QUICK, SMALL])
    assert decision.rival is not None
    assert decision.rival.choice.model == "quick"
    assert decision.rival.paired.difference == pytest.approx(50 / 400)
    assert decision.rival.p_value < 0.001
    assert decision.rival.more_pictures is None
    assert decision.tied == ("accurate",)


def test_only_model_that_can_be_shipped_is_not_called_better_than_others() -> None:
    decision = decide([ACCURATE, SMALL], Constraints(min_accuracy=0.95))
    assert decision.reasons[1].startswith("accurate is the only model that meets the constraints")


def test_open_tie_says_how_many_more_pictures_would_settle_it() -> None:
    decision = decide([option("a", range(20), kib=9), option("b", range(18, 41), kib=90)])
    assert decision.rival is not None
    assert decision.tied == ("a", "b")
    assert decision.rival.more_pictures is not None
    assert decision.rival.more_pictures > 1000
    assert any("cannot tell yet" in reason for reason in decision.reasons)


def test_equal_models_ask_for_no_more_pictures() -> None:
    decision = decide([option("a", range(20)), option("b", range(20, 40))])
    assert decision.rival is not None
    assert decision.rival.more_pictures is None


@pytest.mark.parametrize(
    "constraints", [Constraints(min_accuracy=0.97), Constraints()], ids=["constraint", "majority"]
)
def test_model_that_could_not_be_shipped_is_still_a_rival(constraints: Constraints) -> None:
    wrong = 60 if constraints.min_accuracy else 200
    decision = decide([ACCURATE, option("poor", range(wrong))], constraints)
    assert shipped(decision)[0] == "accurate"
    assert decision.rival is not None
    assert (decision.rival.choice.model, decision.rival.shippable) == ("poor", False)


def test_one_model_alone_has_the_majority_for_a_rival() -> None:
    decision = decide([ACCURATE, option("accurate", range(1, 11), kib=300, runtime="onnx-int8")])
    assert decision.rival is None
    assert "No other model can be served" in decision.reasons[1]
    assert shipped(decision) == ("accurate", "onnx-int8")


def test_price_of_the_constraints_is_told() -> None:
    decision = decide([ACCURATE, QUICK, SMALL], Constraints(max_ms=1))
    assert any("constraints cost 12.5 points" in reason for reason in decision.reasons)


def test_decision_survives_json() -> None:
    decision = decide([ACCURATE, QUICK, SMALL], Constraints(max_ms=1))
    assert Decision.model_validate_json(decision.model_dump_json()) == decision


def test_published_models_are_options_by_their_test_images() -> None:
    contenders = [
        contender("a", {0, 1}, p50_ms={"onnx": 0.1, "torchscript": 0.4}),
        contender("b", {2}),
        contender("c", {3}, digest="1" * 64),
        contender("d", {3}, digest="2" * 64),
    ]
    groups = option_groups(contenders)
    assert [len(group.options) for group in groups] == [3, 1, 1]
    first = groups[0].options[0]
    assert (first.model, first.runtime, first.p50_ms) == ("a/1", "onnx", 0.1)
    assert first.accuracy == pytest.approx(38 / 40)
    assert first.wrong == {0, 1}
    assert first.recalls == pytest.approx({"odd": 0.95, "even": 0.95})


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0612, "0.061"), (1.41, "1.4"), (98.6, "99"), (99.6, "100"), (1234, "1,234")],
)
def test_time_is_written_without_a_power_of_ten(value: float, said: str) -> None:
    assert price(1024, value) == f"1 KiB, {said} ms a picture"

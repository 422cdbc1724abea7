import pytest

from artifact.statistics.proportions import wilson_interval
from research.robustness.samples import Sample
from research.robustness.scoring import PictureAnswer, report_set, score, worst_first


def answer(
    true: str,
    predicted: str | None,
    probability: float = 0.9,
    source: str = "anna",
    doubt: bool = False,
) -> PictureAnswer:
    """An answer; none where nothing is predicted."""
    sample = Sample(f"{true}-{predicted}", true, source, read=bytes)
    if predicted is None:
        return PictureAnswer(sample, None, reason="the PNG picture is damaged")
    return PictureAnswer(sample, predicted, probability, not doubt, "blank" if doubt else None)


def test_refused_picture_is_wrong_and_has_no_confidence() -> None:
    result = score([answer("1", "1", 0.8), answer("2", None)])
    assert (result.pictures, result.correct, result.refused, result.accepted) == (2, 1, 1, 1)
    assert result.accuracy == 0.5
    assert result.interval == wilson_interval(1, 2)
    assert result.confidence == pytest.approx(0.8)
    assert result.calibration_error == pytest.approx(0.2)


def test_right_answer_counts_even_where_it_is_not_accepted() -> None:
    result = score([answer("1", "1", 0.4, doubt=True), answer("2", "3"), answer("4", "4")])
    assert (result.correct, result.accepted, result.accepted_correct) == (2, 2, 1)


def test_calibration_error_is_the_distance_of_confidence_from_accuracy() -> None:
    answers = [answer("1", "1", 0.9)] * 3 + [answer("1", "2", 0.9)]
    assert score(answers).calibration_error == pytest.approx(0.9 - 0.75)


def test_nothing_but_refusals_has_no_calibration() -> None:
    result = score([answer("1", None)])
    assert (result.confidence, result.calibration_error, result.accuracy) == (None, None, 0)


def test_mean_over_sources_weighs_each_source_alike() -> None:
    answers = [answer("1", "1", source="anna")] * 3 + [answer("1", "2", source="ben")]
    report = report_set("pictures", answers)
    assert [source.source for source in report.sources] == ["anna", "ben"]
    assert [source.score.accuracy for source in report.sources] == [1, 0]
    assert report.whole.accuracy == 0.75
    assert report.mean_over_sources == 0.5


def test_refusals_and_confident_mistakes_come_first() -> None:
    sure, unsure = answer("1", "1", 0.99), answer("1", "1", 0.5)
    wrong, very_wrong, refused = answer("1", "2", 0.4), answer("1", "3", 0.9), answer("4", None)
    ordered = worst_first([sure, wrong, unsure, refused, very_wrong])
    assert ordered == [refused, very_wrong, wrong, unsure, sure]


def test_every_mistake_is_listed_with_what_was_said_or_why_not() -> None:
    report = report_set(
        "pictures", [answer("1", "1"), answer("2", "3", 0.6, doubt=True), answer("4", None)]
    )
    refused, wrong = report.mistakes
    assert (wrong.picture, wrong.true, wrong.predicted) == ("2-3", "2", "3")
    assert (wrong.probability, wrong.reason) == (0.6, "blank")
    assert (refused.predicted, refused.probability) == (None, None)
    assert refused.reason == "the PNG picture is damaged"


def test_label_that_is_hardly_ever_named_is_a_finding() -> None:
    answers = [answer("1", "1")] * 5 + [answer("2", "1")] * 29 + [answer("2", "2")]
    (finding,) = report_set("pictures", answers).findings
    assert finding.name == "rarely-predicted"
    assert finding.message == "2 is predicted for 1 of its 30 images (pictures)"

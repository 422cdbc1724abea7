import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import classification_report, log_loss

from artifact.metrics import ClassMetrics, Example, SplitMetrics
from training.evaluation.evaluate import (
    Floats,
    Integers,
    calibration_error,
    choose_examples,
    cross_entropy,
    fit_temperature,
    reliability,
    split_metrics,
)

ABC = ("a", "b", "c")


def answers(predicted: list[int], classes: int = 3, margin: float = 4.0) -> Floats:
    """Logits whose largest is at the predicted class."""
    return margin * np.eye(classes)[predicted]


def draw(images: int, classes: int, seed: int = 0) -> tuple[Floats, Integers]:
    """Logits whose softmax is the true distribution of the labels drawn with them."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (images, classes))
    gumbel = generator.gumbel(size=logits.shape)
    return logits, (logits + gumbel).argmax(axis=1)


@pytest.fixture(scope="module")
def by_hand() -> SplitMetrics:
    """Six images: a a a b b c, read as a a b b b a."""
    return split_metrics(answers([0, 0, 1, 1, 1, 0]), np.array([0, 0, 0, 1, 1, 2]), ABC)


class TestSplitMetrics:
    def test_accuracy_is_the_share_of_right_answers(self, by_hand: SplitMetrics) -> None:
        assert by_hand.accuracy == pytest.approx(4 / 6)

    def test_confusion_matrix_has_true_rows_and_predicted_columns(
        self, by_hand: SplitMetrics
    ) -> None:
        assert by_hand.confusion_matrix == ((2, 1, 0), (0, 2, 0), (1, 0, 0))

    @pytest.mark.parametrize(
        "expected",
        [
            ClassMetrics(label="a", precision=2 / 3, recall=2 / 3, f1=2 / 3, support=3),
            ClassMetrics(label="b", precision=2 / 3, recall=1, f1=0.8, support=2),
            ClassMetrics(label="c", precision=0, recall=0, f1=0, support=1),
        ],
        ids=["some-of-each", "all-found", "never-predicted"],
    )
    def test_classes_match_the_table_by_hand(
        self, by_hand: SplitMetrics, expected: ClassMetrics
    ) -> None:
        row = by_hand.per_class[ABC.index(expected.label)]
        assert row.model_dump() == pytest.approx(expected.model_dump())

    def test_macro_is_the_unweighted_mean_over_all_classes(self, by_hand: SplitMetrics) -> None:
        macro = by_hand.macro
        assert macro.precision == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
        assert macro.recall == pytest.approx((2 / 3 + 1 + 0) / 3)
        assert macro.f1 == pytest.approx((2 / 3 + 0.8 + 0) / 3)

    def test_loss_matches_the_formula_by_hand(self, by_hand: SplitMetrics) -> None:
        right, wrong = (np.log(np.exp(4) + 2) - score for score in (4, 0))
        assert by_hand.loss == pytest.approx((4 * right + 2 * wrong) / 6)

    def test_many_images_match_scikit_learn(self) -> None:
        logits, labels = draw(2000, 7)
        names = [f"class {index}" for index in range(7)]
        metrics = split_metrics(logits.astype(np.float32), labels, names)
        report = classification_report(
            labels, logits.argmax(axis=1), target_names=names, output_dict=True
        )
        assert metrics.accuracy == pytest.approx(report["accuracy"])
        assert metrics.loss == pytest.approx(log_loss(labels, softmax(logits, axis=1)), rel=1e-6)
        assert metrics.macro.f1 == pytest.approx(report["macro avg"]["f1-score"])
        for row in metrics.per_class:
            theirs = report[row.label]
            assert row.precision == pytest.approx(theirs["precision"])
            assert row.recall == pytest.approx(theirs["recall"])
            assert row.support == theirs["support"]

    def test_absent_class_keeps_its_row(self) -> None:
        metrics = split_metrics(answers([0, 1]), np.array([0, 1]), ABC)
        assert metrics.confusion_matrix[2] == (0, 0, 0)
        assert metrics.per_class[2].support == 0
        assert metrics.per_class[2].recall == 0

    def test_one_image_is_enough(self) -> None:
        metrics = split_metrics(answers([1]), np.array([1]), ABC)
        assert metrics.accuracy == 1
        assert metrics.interval[1] == 1

    def test_perfect_score_reaches_one_and_not_beyond(self) -> None:
        labels = np.arange(900) % 3
        metrics = split_metrics(answers(labels.tolist(), margin=1000), labels, ABC)
        assert (metrics.accuracy, metrics.macro.f1, metrics.interval[1]) == (1, 1, 1)
        assert metrics.loss == 0
        assert metrics.calibration_error == 0

    def test_huge_logits_give_a_finite_loss(self) -> None:
        metrics = split_metrics(
            answers([0, 1], margin=1e30).astype(np.float32), np.array([0, 2]), ABC
        )
        assert metrics.loss == pytest.approx(0.5e30)

    def test_near_certainty_keeps_its_small_loss(self) -> None:
        logits = answers([0], margin=20).astype(np.float32)
        assert split_metrics(logits, np.array([0]), ABC).loss == pytest.approx(2 * np.exp(-20))

    def test_equal_logits_go_to_the_first_class(self) -> None:
        metrics = split_metrics(np.zeros((2, 3)), np.array([0, 2]), ABC)
        assert metrics.confusion_matrix == ((1, 0, 0), (0, 0, 0), (1, 0, 0))
        assert metrics.loss == pytest.approx(np.log(3))

    def test_result_survives_json(self, by_hand: SplitMetrics) -> None:
        assert SplitMetrics.model_validate_json(by_hand.model_dump_json()) == by_hand

    @pytest.mark.parametrize(
        ("logits", "labels", "message"),
        [
            (np.zeros((2, 4)), np.array([0, 1]), "do not fit"),
            (np.zeros((2, 3)), np.array([0]), "do not fit"),
            (np.zeros(3), np.array([0, 1, 2]), "do not fit"),
            (np.zeros((0, 3)), np.array([], dtype=int), "no images"),
            (np.zeros((2, 3)), np.array([0, 3]), "accepted are 0 to 2"),
            (np.zeros((2, 3)), np.array([0, -1]), "accepted are 0 to 2"),
            (np.array([[0, np.nan, 0], [0, 0, 0]]), np.array([0, 1]), "1 of 2 images"),
            (np.array([[0, np.inf, 0], [0, 0, 0]]), np.array([0, 1]), "1 of 2 images"),
        ],
        ids=["classes", "images", "flat", "empty", "label-high", "label-low", "nan", "infinite"],
    )
    def test_unfit_arrays_are_refused(self, logits: Floats, labels: Integers, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            split_metrics(logits, labels, ABC)


class TestCalibrationError:
    @pytest.mark.parametrize(
        ("first", "labels", "by_hand"),
        [
            ([0.9, 0.9, 0.6, 0.35], [0, 1, 0, 0], (2 * 0.4 + 0.4 + 0.65) / 4),
            ([0.94, 0.96], [0, 1], 0.95 - 0.5),
            ([0.91, 0.95], [0, 1], ((1 - 0.91) + 0.95) / 2),
            ([13 / 15, 13 / 15 - 0.01], [0, 1], 13 / 15 - 0.005 - 0.5),
        ],
        ids=["several-bins", "one-bin-cancels", "two-bins-keep-apart", "upper-edge-belongs"],
    )
    def test_bins_match_the_sum_by_hand(
        self, first: list[float], labels: list[int], by_hand: float
    ) -> None:
        probabilities = np.stack([first, 1 - np.array(first)], axis=1)
        assert calibration_error(probabilities, np.array(labels)) == pytest.approx(by_hand)

    def test_honest_probabilities_have_little(self) -> None:
        logits, labels = draw(20_000, 5)
        assert calibration_error(softmax(logits, axis=1), labels) < 0.015
        assert calibration_error(softmax(3 * logits, axis=1), labels) > 0.1


class TestReliability:
    def test_bins_hold_what_the_calibration_error_is_made_of(self) -> None:
        logits, labels = draw(2000, 5)
        found = reliability(3 * logits, labels)
        assert sum(place.images for place in found.bins) == 2000
        by_hand = sum(place.images * abs(place.confidence - place.accuracy) for place in found.bins)
        assert found.calibration_error == pytest.approx(by_hand / 2000)
        assert found.calibration_error == calibration_error(softmax(3 * logits, axis=1), labels)

    def test_confidence_lies_within_its_bin(self) -> None:
        for place in reliability(*draw(2000, 5)).bins:
            assert place.low < place.confidence <= place.high

    def test_empty_bins_are_left_out(self) -> None:
        (place,) = reliability(answers([0, 1, 2], margin=50), np.array([0, 1, 1])).bins
        assert (place.low, place.high, place.images) == (14 / 15, 1, 3)
        assert place.accuracy == pytest.approx(2 / 3)


class TestTemperature:
    @pytest.mark.parametrize("temperature", [0.2, 1.0, 7.0])
    def test_known_temperature_is_found(self, temperature: float) -> None:
        logits, labels = draw(20_000, 5)
        assert fit_temperature(temperature * logits, labels) == pytest.approx(temperature, rel=0.05)

    def test_no_other_temperature_has_a_lower_loss(self) -> None:
        logits, labels = draw(500, 4, seed=1)
        best = fit_temperature(2 * logits, labels)
        at_best = cross_entropy(2 * logits / best, labels)
        for factor in (0.95, 0.99, 1.01, 1.05):
            assert at_best <= cross_entropy(2 * logits / (best * factor), labels)

    def test_perfectly_separated_images_keep_their_logits(self) -> None:
        labels = np.arange(30) % 3
        assert fit_temperature(answers(labels.tolist()), labels) == 1

    @pytest.mark.parametrize(
        ("predicted", "margin", "bound"),
        [([0, 1, 2, 0], 1e-3, 0.01), ([1, 2, 0, 0], 4.0, 100.0)],
        ids=["one-wrong-of-faint-logits", "worse-than-chance"],
    )
    def test_extremes_stay_at_the_bounds(
        self, predicted: list[int], margin: float, bound: float
    ) -> None:
        labels = np.array([0, 1, 2, 1])
        found = fit_temperature(answers(predicted, margin=margin), labels)
        assert found == pytest.approx(bound, rel=0.01)

    def test_huge_logits_do_not_overflow(self) -> None:
        labels = np.array([0, 1, 2, 1])
        assert fit_temperature(answers([0, 1, 2, 0], margin=1e30), labels) > 1


class TestExamples:
    def test_wrong_ones_are_all_there_most_confident_first(self) -> None:
        logits = np.array([[0, 2, 0], [5, 0, 0], [0, 0, 1], [0, 3, 0]], dtype=float)
        examples = choose_examples(logits, np.array([0, 0, 0, 2]), ABC)
        assert [example.index for example in examples.wrong] == [3, 0, 2]
        first = examples.wrong[0]
        probability = np.exp(3) / (np.exp(3) + 2)
        assert first.probability == pytest.approx(probability)
        assert (first.true, first.predicted) == ("c", "b")

    def test_equally_confident_ones_keep_the_data_sets_order(self) -> None:
        examples = choose_examples(answers([1, 1, 1]), np.array([0, 0, 0]), ABC)
        assert [example.index for example in examples.wrong] == [0, 1, 2]

    def test_right_ones_come_class_by_class_in_turn(self) -> None:
        labels = np.array([0] * 9 + [1] * 2 + [2] * 9)
        examples = choose_examples(answers(labels.tolist()), labels, ABC)
        assert [example.true for example in examples.correct] == [*"abcabcacac"]

    def test_right_ones_are_right_and_drawn_once(self) -> None:
        logits, labels = draw(300, 3)
        correct = choose_examples(logits, labels, ABC).correct
        assert len({example.index for example in correct}) == len(correct) == 12
        for example in correct:
            assert example.true == example.predicted == ABC[labels[example.index]]

    @pytest.mark.parametrize(
        ("predicted", "correct", "wrong"),
        [([0, 1], 2, 0), ([1, 0], 0, 2)],
        ids=["all-right", "all-wrong"],
    )
    def test_either_side_may_be_empty(self, predicted: list[int], correct: int, wrong: int) -> None:
        examples = choose_examples(answers(predicted), np.array([0, 1]), ABC)
        assert (len(examples.correct), len(examples.wrong)) == (correct, wrong)

    def test_certainty_stays_within_one(self) -> None:
        examples = choose_examples(answers([1], margin=1e4), np.array([0]), ABC)
        assert examples.wrong == (Example(index=0, true="a", predicted="b", probability=1.0),)

    def test_disputed_images_are_marked_and_none_is_dropped(self) -> None:
        logits, labels = answers([0, 1, 1, 0]), np.array([0, 1, 0, 1])
        marked = choose_examples(logits, labels, ABC, disputed={1, 2})
        disputed = {each.index: each.disputed for each in (*marked.correct, *marked.wrong)}
        assert disputed == {0: False, 1: True, 2: True, 3: False}

import numpy as np
import pytest
from pydantic import ValidationError

from artifact.predictions import Order, Outcome, Predictions

KNOWN = Predictions(
    labels=("cat", "dog", "owl"),
    true=(0, 1, 1, 2, 0),
    predicted=(0, 1, 0, 2, 2),
    probability=(0.9, 0.5, 0.7, 1.0, 0.7),
)


def test_confusion_matrix_has_true_classes_in_rows() -> None:
    assert KNOWN.confusion_matrix.tolist() == [[1, 0, 1], [1, 1, 0], [0, 0, 1]]


def test_predictions_are_the_most_probable_classes_rounded() -> None:
    shares = np.array([[0.2, 0.8], [0.99999996, 0.00000004]])
    made = Predictions.of(("a", "b"), np.array([1, 1]), shares)
    assert (made.true, made.predicted, made.probability) == ((1, 1), (1, 0), (0.8, 1.0))


@pytest.mark.parametrize(
    ("outcome", "order", "places"),
    [
        (None, "index", [0, 1, 2, 3, 4]),
        (None, "most-confident", [3, 0, 2, 4, 1]),
        ("right", "least-confident", [1, 0, 3]),
        ("wrong", "most-confident", [2, 4]),
    ],
)
def test_pictures_are_chosen_by_outcome_and_ordered_by_confidence(
    outcome: Outcome | None, order: Order, places: list[int]
) -> None:
    assert KNOWN.ordered(KNOWN.with_outcome(outcome), order).tolist() == places


def test_example_names_classes_and_a_disputed_label() -> None:
    example = KNOWN.example(4, frozenset({4}))
    assert (example.true, example.predicted, example.disputed) == ("cat", "owl", True)


@pytest.mark.parametrize(
    "change", [{"true": (0, 1)}, {"predicted": (0, 1, 0, 2, 3)}, {"probability": (2,) * 5}]
)
def test_document_that_contradicts_itself_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Predictions.model_validate(KNOWN.model_dump() | change)

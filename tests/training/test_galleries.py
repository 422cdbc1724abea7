import numpy as np
import pytest

from artifact.metrics import Example
from tests.figures import decode, greys, title, words
from training.figures.canvas import png
from training.figures.galleries import draw_correct, draw_wrong

PIXELS = greys()


def mistake(index: int, probability: float = 0.75, predicted: str = "7") -> Example:
    return Example(index=index, true="1", predicted=predicted, probability=probability)


def test_wrong_answer_is_told_in_words() -> None:
    figure = draw_wrong([mistake(42)], PIXELS, "conv")
    assert words(figure) == ["true 1", "predicted 7", "75.0%  #42"]
    true, predicted, _ = figure.axes[0].texts
    assert true.get_color() != predicted.get_color()


def test_disputed_label_is_named_and_counted() -> None:
    disputed = mistake(42).model_copy(update={"disputed": True})
    figure = draw_wrong([disputed, mistake(7)], PIXELS, "conv")
    assert words(figure)[:2] == ["disputed label 1", "predicted 7"]
    assert words(figure)[3:5] == ["true 1", "predicted 7"]
    assert "disagree with the label of 1; they count" in title(figure)


def test_disputed_label_is_named_where_the_network_agrees_with_it() -> None:
    right = Example(index=3, true="1", predicted="1", probability=0.987, disputed=True)
    assert words(draw_correct([right], PIXELS, 1, "conv"))[0] == "disputed label 1"


def test_right_answer_has_its_label_once() -> None:
    right = Example(index=3, true="1", predicted="1", probability=0.987)
    figure = draw_correct([right], PIXELS, 9942, "conv")
    assert words(figure) == ["1", "98.7%  #3"]
    assert title(figure) == "conv: 1 of 9,942 right answers, drawn at random from each class"


def test_pictures_are_those_of_the_indices() -> None:
    figure = draw_wrong([mistake(42), mistake(7)], PIXELS, "conv")
    shown = [np.asarray(image.get_array()) for image in figure.axes[0].images]
    assert [picture.max() for picture in shown] == [42, 7]
    assert {image.get_clim() for image in figure.axes[0].images} == {(0, 255)}


@pytest.mark.parametrize(
    ("wrong", "shown", "expected"),
    [
        (3, 3, "conv: all 3 wrong answers, the most confident first"),
        (42, 42, "conv: all 42 wrong answers, the most confident first"),
        (80, 42, "conv: the first 42 of 80 wrong answers, the most confident first"),
        (0, 0, "conv: not one wrong answer"),
    ],
    ids=["few", "full", "capped", "none"],
)
def test_title_says_how_many_of_how_many(wrong: int, shown: int, expected: str) -> None:
    figure = draw_wrong([mistake(index) for index in range(wrong)], PIXELS, "conv")
    assert title(figure) == expected
    assert len(figure.axes[0].images) == shown


@pytest.mark.parametrize("count", [0, 1, 8])
def test_any_number_can_be_drawn(count: int) -> None:
    figure = draw_wrong([mistake(index) for index in range(count)], PIXELS, "conv")
    assert decode(png(figure)).width == 1500


def test_right_answers_are_capped() -> None:
    figure = draw_correct([mistake(index) for index in range(80)], PIXELS, 80, "conv")
    assert len(figure.axes[0].images) == 60
    assert title(figure).startswith("conv: 60 of 80")


@pytest.mark.parametrize(
    ("probability", "written"),
    [(0.5, "50.0%"), (0.9994, "99.9%"), (0.9996, ">99.9%"), (1.0, ">99.9%")],
)
def test_confidence_is_never_rounded_up_to_certainty(probability: float, written: str) -> None:
    figure = draw_wrong([mistake(1, probability)], PIXELS, "conv")
    assert words(figure)[2] == f"{written}  #1"


def test_long_label_is_cut() -> None:
    figure = draw_wrong([mistake(1, predicted="a very long class name")], PIXELS, "conv")
    assert words(figure)[1] == "predicted a very long …"


def test_colour_pictures_keep_their_channels() -> None:
    red = np.zeros((1, 3, 4, 4), np.uint8)
    red[:, 0] = 255
    (image,) = draw_wrong([mistake(0)], red, "conv").axes[0].images
    assert np.asarray(image.get_array())[0, 0].tolist() == [255, 0, 0]

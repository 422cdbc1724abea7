from typing import Literal

import numpy as np
import pytest
from PIL import Image, ImageColor

from research.robustness.contact_sheet import COLUMNS, WIDTH, caption, choose, draw_sheet, heading
from research.robustness.report import draw_accuracies
from research.robustness.samples import Sample
from research.robustness.scoring import PictureAnswer, report_set
from tests.known_answer import picture
from training.figures.canvas import VERMILION, png
from vision.input import Input

INPUT = Input(shape=(1, 8, 8), mode="L", mean=(0,), std=(1,), preprocess="resize")


def answer(predicted: str | None, probability: float = 0.9, source: str = "anna") -> PictureAnswer:
    """About a picture that shows an a."""
    content = picture("top-left") if predicted else b"no picture"
    sample = Sample(f"{source}.png", "a", source, lambda: content)
    if predicted is None:
        return PictureAnswer(sample, None, reason="the bytes are no picture")
    return PictureAnswer(sample, predicted, probability, accepted=True)


def framed(sheet: Image.Image) -> list[bool]:
    """Whether each card of a sheet's first row is framed."""
    row = np.asarray(sheet.crop((0, 90, WIDTH, 91)))
    parts = np.split((row == ImageColor.getrgb(VERMILION)).all(axis=2), COLUMNS, axis=1)
    return [bool(part.mean() > 0.5) for part in parts]


def test_wrong_and_refused_pictures_are_framed_and_first() -> None:
    sheet = draw_sheet([answer("a"), answer("b"), answer(None)], INPUT, "known/1: pictures")
    assert framed(sheet) == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (answer("a"), ("a  90.0%", "anna.png", "anna")),
        (answer("a", 0.9999), ("a  >99.9%", "anna.png", "anna")),
        (answer("b"), ("true a, predicted b  90.0%", "anna.png", "anna")),
        (answer(None), ("true a, refused", "anna.png", "the bytes are no picture")),
    ],
    ids=["right", "certain", "wrong", "refused"],
)
def test_caption_says_what_was_answered(shown: PictureAnswer, words: tuple[str, ...]) -> None:
    assert caption(shown) == words


def test_original_and_what_the_network_saw_lie_side_by_side() -> None:
    card = np.asarray(draw_sheet([answer("a")], INPUT, "known/1").crop((16, 90, 284, 220)))
    assert (card[:, :130] == card[:, 138:]).all()
    assert len(np.unique(card[:, :130])) == 3


def test_sheet_grows_with_its_cards() -> None:
    heights = [draw_sheet([answer("a")] * count, INPUT, "known/1").height for count in (5, 6, 11)]
    assert heights[2] - heights[1] == heights[1] - heights[0] > 130


def test_of_too_many_every_source_has_its_worst() -> None:
    crowd = [answer("b", 0.99, "ben")] * 9 + [answer("b", 0.5, "anna"), answer("a", 0.4, "eve")]
    chosen = choose(crowd, most=3)
    assert [one.sample.source for one in chosen] == ["ben", "anna", "ben"]
    assert len(choose(crowd, most=11)) == 11


def test_bars_are_errors_with_the_worst_source_on_top() -> None:
    good = report_set("pictures", [answer("a"), answer("a", source="ben")])
    bad = report_set("pictures", [answer("a"), answer("b", source="ben")])
    figure = draw_accuracies({"conv/1": good, "mobilenet/2": bad}, "pictures from elsewhere")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["ben", "anna"]
    assert [[bar.get_width() for bar in bars] for bars in axes.containers] == [[0, 0], [100, 0]]
    assert "conv/1 100.00%, mobilenet/2 50.00%" in figure.get_suptitle()
    assert len(png(figure)) > 10_000


def test_of_many_sources_in_any_script_the_worst_are_drawn() -> None:
    answers = [answer("b" if place % 4 == 0 else "a", source=f"鳥{place}") for place in range(80)]
    figure = draw_accuracies({"conv/1": report_set("pictures", answers)}, "pictures")
    (axes,) = figure.axes
    (bars,) = axes.containers
    assert [bar.get_width() for bar in bars] == [100] * 20 + [0] * 20
    assert "the worst of 80" in axes.get_xlabel()
    assert len(png(figure)) > 10_000  # and without a warning of characters that are not there


@pytest.mark.parametrize("preprocess", ["digit", "resize"])
def test_sheet_speaks_of_digits_only_where_the_preprocessing_finds_one(
    preprocess: Literal["digit", "resize"],
) -> None:
    spec = INPUT.model_copy(update={"preprocess": preprocess})
    said = heading([answer(None)], 1, spec, "known/1")
    assert ("where the digit was found" in said) == (preprocess == "digit")
    assert "1 of 1 wrong, framed; shown: all" in said

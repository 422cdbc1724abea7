import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from artifact.predictor import Prediction
from research.robustness.contact_sheet import choose, draw_sheet
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
        return PictureAnswer(sample, None, "the bytes are no picture")
    return PictureAnswer(
        sample, Prediction(predicted, probability, {predicted: probability}, True, None)
    )


def words(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def frames(figure: Figure) -> int:
    patches = [patch for axes in figure.axes for patch in axes.patches]
    return sum(to_hex(patch.get_edgecolor()) == VERMILION.lower() for patch in patches)


def test_wrong_and_refused_pictures_are_framed_and_first() -> None:
    sheet = draw_sheet([answer("a"), answer("b"), answer(None)], INPUT, "known/1: pictures")
    assert frames(sheet) == 2
    refused, first, *_ = words(sheet)
    assert (refused, first) == ("refused", "true a, refused")
    assert words(sheet).index("true a, predicted b  90.0%") < words(sheet).index("a  90.0%")
    assert "2 of 3 wrong" in sheet.get_suptitle()


def test_original_and_what_the_network_saw_lie_side_by_side() -> None:
    (axes,) = draw_sheet([answer("a")], INPUT, "known/1").axes
    original, seen = axes.images
    assert (np.asarray(original.get_array()) == np.asarray(seen.get_array())).all()
    assert original.get_extent()[1] < seen.get_extent()[0]


def test_sheet_grows_with_its_cards() -> None:
    heights = [
        Image.open(io.BytesIO(png(draw_sheet([answer("a")] * count, INPUT, "known/1")))).height
        for count in (5, 6, 11)
    ]
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=2)
    assert heights[1] > heights[0] + 100


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

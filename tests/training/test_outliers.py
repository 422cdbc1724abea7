import numpy as np
import pytest

from artifact.images import Picture
from artifact.manifest import Input
from training.data import NO_CLASS
from training.outliers import KINDS, Part, pictures, printed, reaching, to_learn
from training.outliers.letters import FONTS, LETTERS, LOOK_LIKE_DIGITS, draw_glyph

MNIST = Input(shape=(1, 28, 28), mode="L", mean=(0.1,), std=(0.3,), preprocess="digit")
PARTS: tuple[Part, Part] = ("fitting", "held-out")


def drawn(kind: str, part: Part, seed: int = 0) -> list[Picture]:
    return list(pictures(kind, part, 4, seed))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_in_colour_and_of_several_sizes(kind: str, part: Part) -> None:
    shown = drawn(kind, part)
    for picture in shown:
        assert picture.pixels.dtype == np.uint8
        assert picture.pixels.shape == (picture.height, picture.width, 3)
        assert picture.pixels.std() > 1
    assert len({picture.width for picture in shown}) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_draws_rest_on_seed_and_part_alone(kind: str) -> None:
    def bytes_of(part: Part, seed: int) -> list[bytes]:
        return [picture.pixels.tobytes() for picture in drawn(kind, part, seed)]

    assert bytes_of("fitting", 1) == bytes_of("fitting", 1)
    assert bytes_of("fitting", 1) != bytes_of("fitting", 2)
    assert bytes_of("fitting", 1) != bytes_of("held-out", 1)


def test_parts_share_neither_letter_nor_font() -> None:
    assert not {*LETTERS["fitting"]} & {*LETTERS["held-out"]}
    assert not {*FONTS["fitting"]} & {*FONTS["held-out"]}


def test_what_anybody_reads_as_a_digit_is_no_outlier() -> None:
    assert not LOOK_LIKE_DIGITS & {*LETTERS["fitting"], *LETTERS["held-out"]}


@pytest.mark.parametrize("font", [*FONTS["fitting"], *FONTS["held-out"]])
def test_every_font_is_there(font: str) -> None:
    shown = draw_glyph(np.random.default_rng(0), "A", font)
    assert shown.std() > 1


def test_network_is_shown_what_the_preprocessing_does_not_decline() -> None:
    shown = reaching("held-out", 3, 0, MNIST)
    assert list(shown) == list(KINDS)
    for pixels in shown.values():
        assert pixels.shape[1:] == (1, 28, 28)
        assert 1 <= len(pixels) <= 3
        assert pixels.amax(dim=(1, 2, 3)).min() > 0


def test_nothing_is_an_outlier_of_pictures_of_anything() -> None:
    assert reaching("held-out", 3, 0, MNIST.model_copy(update={"preprocess": "resize"})) == {}


def test_printed_digits_are_learnt_as_what_they_are() -> None:
    digits = printed("fitting", 20, 0, MNIST)
    kinds = reaching("fitting", 2, 0, MNIST)
    learnt = to_learn(kinds, digits)
    outliers = sum(map(len, kinds.values()))
    assert (learnt.labels[:outliers] == NO_CLASS).all()
    assert learnt.labels[outliers:].tolist() == digits.labels.tolist()
    assert learnt.pixels.shape == (outliers + len(digits), 1, 28, 28)
    assert {*digits.labels.tolist()} == set(range(10))

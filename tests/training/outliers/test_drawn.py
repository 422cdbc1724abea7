import cv2
import numpy as np
import pytest
import torch

from training.data import NO_CLASS, Images
from training.outliers import KINDS, Part, printed, reaching, to_learn, views, written
from training.outliers.writing import FONTS, LETTERS, LOOK_LIKE_DIGITS, draw_glyph, draw_handwritten
from vision.input import Input
from vision.pixels import Pixels

MNIST = Input(shape=(1, 28, 28), mode="L", mean=(0.1,), std=(0.3,), preprocess="digit")
COLOUR = Input(shape=(3, 64, 64), mode="RGB", mean=(0.5,) * 3, std=(0.5,) * 3, preprocess="resize")
PARTS: tuple[Part, Part] = ("fitting", "held-out")


def drawn(kind: str, part: Part) -> list[Pixels]:
    rng = np.random.default_rng(0)
    return [KINDS[kind](rng, part) for _ in range(4)]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_in_colour_and_of_several_sizes(kind: str, part: Part) -> None:
    shown = drawn(kind, part)
    for pixels in shown:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2:] == (3,)
        assert pixels.std() > 1
    assert len({pixels.shape for pixels in shown}) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_draws_rest_on_seed_and_part_alone(kind: str) -> None:
    def bytes_of(part: Part, seed: int) -> list[bytes]:
        return [shown.pixels.tobytes() for shown in views(kind, part, 4, seed, COLOUR)]

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


def test_network_sees_only_pictures_that_the_preprocessing_accepts() -> None:
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


def zero() -> Pixels:
    digit = np.zeros((28, 28), np.uint8)
    cv2.ellipse(digit, (14, 14), (6, 9), 0, 0, 360, 255, 2)
    return digit


def holes(pixels: Pixels) -> int:
    ground = 255 - np.where(pixels > 128, 255, 0).astype(np.uint8)
    return cv2.connectedComponents(ground, connectivity=4)[0] - 2


def test_zeros_are_slashed_half_of_the_time_and_eights_never() -> None:
    images = Images(torch.from_numpy(np.stack([zero()] * 60))[:, None], torch.tensor([0, 8] * 30))
    drawn = written(images, 200, 0, MNIST)
    counts: dict[int, list[int]] = {0: [], 8: []}
    for pixels, label in zip(drawn.pixels[:, 0].numpy(), drawn.labels.tolist(), strict=True):
        counts[label].append(holes(pixels))
    assert 0.2 < np.mean(np.array(counts[0]) == 2) < 0.7
    assert 2 not in counts[8]


def test_handwriting_comes_in_other_pens_and_rests_on_the_seed() -> None:
    first, again = (
        [draw_handwritten(np.random.default_rng(seed), zero(), 8) for seed in range(20)]
        for _ in range(2)
    )
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert len({picture.tobytes() for picture in first}) == 20

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.vision.pictures import coloured, encode, seven
from vision.decode import decode
from vision.input import Input
from vision.pixels import Pixels
from vision.preprocess import View, tensor, view

DIGIT = Input(shape=(1, 28, 28), mode="L", mean=(0.5,), std=(0.25,), preprocess="digit")
GREY = DIGIT.model_copy(update={"preprocess": "resize"})
COLOUR = Input(shape=(3, 20, 30), mode="RGB", mean=(0, 0, 0), std=(1, 1, 1), preprocess="resize")
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
BLUE, PAPER = (40, 60, 160), (235, 228, 210)


def seen(pixels: Any, kind: str = "PNG", wanted: Input = DIGIT) -> View:
    return view(decode(encode(pixels, kind)), wanted)


PLAIN = seen(seven(280, 24)).pixels


def shaded(pixels: Pixels) -> Pixels:
    """A shadow that grows from left to right."""
    light = np.linspace(1, 0.45, pixels.shape[1])[None, :, None]
    return np.asarray(np.rint(pixels * light), np.uint8)


def ruled(pixels: Pixels) -> Pixels:
    paper = pixels.copy()
    for row in range(20, paper.shape[0], 50):
        cv2.line(paper, (0, row), (paper.shape[1], row), (150, 170, 220), 1)
    return np.minimum(paper, pixels)


def squared(pixels: Pixels) -> Pixels:
    return np.minimum(ruled(pixels), ruled(pixels.transpose(1, 0, 2)).transpose(1, 0, 2))


def framed(pixels: Pixels) -> Pixels:
    paper = pixels.copy()
    cv2.rectangle(paper, (6, 6), (paper.shape[1] - 7, paper.shape[0] - 7), BLACK, 3)
    return paper


def specked(pixels: Pixels) -> Pixels:
    paper = pixels.copy()
    for x, y in np.random.default_rng(0).integers(0, paper.shape[0], (25, 2)):
        cv2.circle(paper, (int(x), int(y)), 1, BLACK, -1)
    return paper


def with_a_neighbour(pixels: Pixels) -> Pixels:
    paper = pixels.copy()
    cv2.line(paper, (paper.shape[1] - 4, 60), (paper.shape[1] - 1, 160), BLUE, 8)
    return paper


def noisy(pixels: Pixels) -> Pixels:
    noise = np.random.default_rng(0).normal(0, 8, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def grainy(pixels: Pixels) -> Pixels:
    """A photo taken in the dark: its grain is as strong as a faint pencil."""
    noise = np.random.default_rng(0).normal(0, 35, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def out_of_focus(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 9), np.uint8)


def similar(one: Pixels, other: Pixels) -> float:
    """The correlation of two pictures, 1 for the same; a digit lies where it does to a pixel."""
    shifted = [np.roll(one, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    return max(float(np.corrcoef(each.ravel(), other.ravel())[0, 1]) for each in shifted)


@pytest.mark.parametrize(
    ("pen", "ground"),
    [
        pytest.param(BLACK, WHITE, id="black-on-white"),
        pytest.param(WHITE, BLACK, id="white-on-black"),
        pytest.param(BLUE, PAPER, id="blue-on-paper"),
        pytest.param((200, 30, 30), PAPER, id="red-on-paper"),
        pytest.param((150, 150, 150), (225, 225, 225), id="pencil"),
        pytest.param((255, 230, 60), (20, 60, 40), id="chalk-on-green"),
        pytest.param((220, 60, 60), (60, 128, 60), id="same-luminance"),
    ],
)
def test_ink_of_any_colour_is_seen_as_light_on_black(
    pen: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    found = seen(coloured(seven(280, 24), pen, ground))
    assert found.reason is None
    assert similar(found.pixels, PLAIN) > 0.95


@pytest.mark.parametrize(
    "scene",
    [shaded, ruled, squared, framed, specked, with_a_neighbour, noisy, grainy, out_of_focus],
)
def test_scene_does_not_win_over_the_digit(scene: Callable[[Pixels], Pixels]) -> None:
    found = seen(scene(coloured(seven(280, 24), BLUE, PAPER)))
    assert found.reason is None
    assert similar(found.pixels, PLAIN) > 0.9


def on_a_desk(sheet: Pixels, desk: tuple[int, int, int], tilt: float) -> Pixels:
    """A photograph of a sheet that lies, a little askew, on something of another colour."""
    height, width = 700, 900
    turn = cv2.getRotationMatrix2D((sheet.shape[1] / 2, sheet.shape[0] / 2), tilt, 1)
    turn[:, 2] += (width / 2 - sheet.shape[1] / 2 + 60, height / 2 - sheet.shape[0] / 2 - 40)
    photograph = np.full((height, width, 3), desk, np.uint8)
    moved = cv2.warpAffine(
        sheet, turn, (width, height), photograph, borderMode=cv2.BORDER_TRANSPARENT
    )
    return noisy(np.asarray(cv2.GaussianBlur(moved, (0, 0), 1)))


@pytest.mark.parametrize("tilt", [0, 7, -15], ids="{}-degrees".format)
@pytest.mark.parametrize(
    ("pen", "sheet", "desk"),
    [
        pytest.param(BLUE, PAPER, (110, 78, 55), id="note-on-wood"),
        pytest.param(BLACK, (250, 235, 130), (35, 35, 40), id="yellow-note-on-black"),
        pytest.param((240, 240, 235), (40, 60, 50), (225, 225, 222), id="board-on-a-white-wall"),
        pytest.param((200, 30, 30), (190, 215, 240), (250, 250, 250), id="blue-card-on-white"),
    ],
)
def test_digit_on_a_sheet_wins_over_the_sheet(
    pen: tuple[int, int, int], sheet: tuple[int, int, int], desk: tuple[int, int, int], tilt: float
) -> None:
    found = seen(on_a_desk(coloured(seven(400, 30), pen, sheet), desk, tilt), "JPEG")
    assert found.reason is None
    assert found.box is not None
    assert found.box[2] - found.box[0] < 280
    turned = cv2.warpAffine(PLAIN, cv2.getRotationMatrix2D((14, 14), tilt, 1), (28, 28))
    assert similar(found.pixels, np.asarray(turned, np.uint8)) > 0.85


@pytest.mark.parametrize("digit", "0689")
@pytest.mark.parametrize("pen", [20, 30, 40])
def test_hole_of_a_bold_digit_is_no_digit_on_a_sheet(digit: str, pen: int) -> None:
    canvas = np.full((400, 400, 3), PAPER, np.uint8)
    cv2.putText(canvas, digit, (120, 300), cv2.FONT_HERSHEY_SIMPLEX, 7, BLACK, pen)
    found = seen(canvas)
    assert found.box is not None
    assert found.box[3] - found.box[1] > 130


@pytest.mark.parametrize("dark", [True, False], ids=["dark-on-light", "light-on-dark"])
@pytest.mark.parametrize("blur", [0, 8], ids=["sharp", "soft"])
@pytest.mark.parametrize("pen", [20, 34], ids=["pen", "marker"])
def test_drawing_that_fills_its_canvas_keeps_its_polarity(pen: int, blur: int, dark: bool) -> None:
    drawn = seven(280, pen)
    x, y, width, height = cv2.boundingRect(drawn)
    close = drawn[y : y + height, x : x + width]
    soft = cv2.GaussianBlur(close, (0, 0), blur) if blur else close
    found = seen(255 - soft if dark else soft)
    assert found.polarity == ("dark-on-light" if dark else "light-on-dark")
    assert similar(found.pixels, seen(drawn).pixels) > 0.9


@pytest.mark.parametrize("pen", [2, 8, 24, 60], ids=["hairline", "pen", "marker", "brush"])
@pytest.mark.parametrize("side", [60, 280, 1200])
def test_stroke_of_any_width_has_the_ink_of_a_digit(side: int, pen: int) -> None:
    found = seen(255 - seven(side, max(1, pen * side // 280)))
    assert 0.08 < found.pixels.mean() / 255 < 0.35


@pytest.mark.parametrize("size", [(28, 28), (60, 40), (300, 300), (810, 1507)], ids=str)
def test_digit_has_the_geometry_of_mnist(size: tuple[int, int]) -> None:
    canvas = np.full(size, 255, np.uint8)
    side = min(size) * 3 // 4
    canvas[-side:, :side] -= seven(side, max(2, side // 12))
    pixels = seen(canvas).pixels
    _, _, width, height = cv2.boundingRect(pixels)
    moments = cv2.moments(pixels)
    assert max(width, height) in {19, 20, 21}
    assert pixels.max() == 255
    assert moments["m10"] / moments["m00"] == pytest.approx(14, abs=0.6)
    assert moments["m01"] / moments["m00"] == pytest.approx(14, abs=0.6)


def test_box_and_polarity_are_those_of_the_original_picture() -> None:
    canvas = np.full((600, 900), 255, np.uint8)
    canvas[100:500, 450:850] -= seven(400, 30)
    found = seen(canvas)
    assert found.polarity == "dark-on-light"
    assert found.box == pytest.approx((555, 165, 745, 435), abs=20)


@pytest.mark.parametrize(
    "blank",
    [
        pytest.param(np.full((200, 200), 255, np.uint8), id="white"),
        pytest.param(np.zeros((28, 28), np.uint8), id="black"),
        pytest.param(np.full((300, 400, 3), PAPER, np.uint8), id="paper"),
        pytest.param(shaded(np.full((300, 300, 3), PAPER, np.uint8)), id="shadow"),
        pytest.param(np.zeros((100, 100, 4), np.uint8), id="transparent"),
        pytest.param(np.zeros((1, 1), np.uint8), id="one-pixel"),
    ],
)
def test_empty_picture_is_blank(blank: Pixels) -> None:
    found = seen(blank)
    assert (found.reason, found.box) == ("blank", None)
    assert found.pixels.shape == (28, 28)


def test_two_digits_side_by_side_are_several() -> None:
    assert seen(255 - np.hstack([seven(200, 16), seven(200, 16)])).reason == "several"


def test_digit_of_two_strokes_is_one() -> None:
    canvas = 255 - seven(280, 20)
    cv2.line(canvas, (90, 150), (125, 150), 0, 16)
    assert seen(canvas).reason is None


@pytest.mark.parametrize("polarity", ["light-on-dark", "dark-on-light"])
def test_picture_of_mnist_geometry_passes_unchanged(polarity: str) -> None:
    sent = PLAIN if polarity == "light-on-dark" else 255 - PLAIN
    found = seen(sent)
    np.testing.assert_array_equal(found.pixels, PLAIN)
    assert found.polarity == polarity


def test_resize_passes_a_picture_of_the_size_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    np.testing.assert_array_equal(seen(pixels, wanted=GREY).pixels, pixels)


def test_resize_keeps_the_aspect_on_the_border_s_colour() -> None:
    found = seen(np.full((100, 100, 3), BLUE, np.uint8), wanted=COLOUR)
    assert found.pixels.shape == (20, 30, 3)
    assert (found.pixels == BLUE).all()


def test_tensor_is_scaled_as_the_manifest_says() -> None:
    views = [View(np.full((28, 28), value, np.uint8)) for value in (0, 255)]
    batch = tensor(views, DIGIT)
    assert batch.shape == (2, 1, 28, 28)
    assert batch.dtype == np.float32
    np.testing.assert_allclose(batch[:, 0, 0, 0], [-2, 2])


def test_tensor_of_colour_has_channels_first() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[..., 2] = 255
    batch = tensor([View(pixels)], COLOUR)
    assert batch.shape == (1, 3, 20, 30)
    np.testing.assert_allclose(batch[0].mean(axis=(1, 2)), [0, 0, 1])


def test_mnist_s_own_test_images_pass_unchanged() -> None:
    root = os.environ.get("TANDEM_TEST_DATA")
    if root is None:
        pytest.skip("TANDEM_TEST_DATA names no MNIST")
    raw = (Path(root) / "MNIST/raw/t10k-images-idx3-ubyte").read_bytes()
    images = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 28, 28)
    changed = [index for index, image in enumerate(images) if (seen(image).pixels != image).any()]
    assert not changed


@pytest.mark.parametrize(
    ("ground", "brightness"), [("white", 255), ("seen", 0)], ids=["white", "seen"]
)
def test_transparent_picture_lies_on_the_ground_that_the_network_learnt(
    ground: str, brightness: int
) -> None:
    """Light strokes: they can be seen on black; a network of cut-outs has learnt them on white."""
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[20:44, 28:36] = (230, 230, 200, 255)
    shown = seen(pixels, wanted=COLOUR.model_copy(update={"ground": ground})).pixels
    assert shown[0, 0].tolist() == [brightness] * 3
    assert shown[10, 15].tolist() == [230, 230, 200]

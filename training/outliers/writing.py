"""Printed letters, and handwritten digits drawn anew with another pen or another habit."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.outliers.canvas import Part, Pixels, empty, inked, pick, stroke

# These read as a digit when they stand alone: 0, 1, 2, 5, 6, 8, 9.
LOOK_LIKE_DIGITS = frozenset("OoQDIliZzSsGbBgq")
LETTERS: dict[Part, tuple[str, ...]] = {
    "fitting": tuple("ACEHKMPTVXacdehkmpt"),
    "held-out": tuple("FJLNRUWYfjnruvwxy"),
}
FONTS: dict[Part, tuple[str, ...]] = {
    "fitting": (
        "DejaVuSans",
        "DejaVuSans-Bold",
        "DejaVuSans-Oblique",
        "DejaVuSansMono",
        "DejaVuSerif",
        "DejaVuSerif-Italic",
    ),
    "held-out": (
        "STIXGeneral",
        "STIXGeneralBol",
        "STIXGeneralItalic",
        "cmr10",
        "cmss10",
        "cmti10",
        "cmtt10",
    ),
}
_SLANT = 0.25  # horizontal shift per unit of height, to either side
_TURN = 12.0  # degrees to either side

_INK = 110  # of 255: what of an enlarged digit is ink
_SOFT = 0.6  # of one of its pixels: how far its outline is smoothed
_HABIT = 0.5  # share of zeros with a slash, and of sevens with a bar
_PEN = 0.06, 0.09  # width of the slash and of the bar, in shares of the side

Draw = Callable[[np.random.Generator, Pixels], Pixels]


def draw_letter(rng: np.random.Generator, part: Part) -> Pixels:
    """Draw one letter, [S, S, 3]."""
    return draw_glyph(rng, pick(rng, LETTERS, part), pick(rng, FONTS, part))


def draw_glyph(rng: np.random.Generator, text: str, font: str) -> Pixels:
    """Draw a character of a font, [S, S, 3]."""
    side = len(empty(rng))
    glyph = Image.new("L", (side, side))
    size = int(rng.uniform(0.45, 0.75) * side)
    middle = (side / 2, side / 2)
    ImageDraw.Draw(glyph).text(middle, text, fill=255, font=typeface(font, size), anchor="mm")
    slant = rng.uniform(-_SLANT, _SLANT)
    slanted = glyph.transform(
        glyph.size,
        Image.Transform.AFFINE,
        (1, slant, -slant * side / 2, 0, 1, 0),
        Image.Resampling.BILINEAR,
    )
    turned = slanted.rotate(rng.uniform(-_TURN, _TURN), Image.Resampling.BILINEAR)
    return inked(rng, np.asarray(turned))


@cache
def typeface(name: str, size: int) -> ImageFont.FreeTypeFont:
    """One of the fonts that come with matplotlib, in that size in pixels."""
    path = Path(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf")
    return ImageFont.truetype(str(path), size)


def draw_handwritten(rng: np.random.Generator, digit: Pixels, label: int) -> Pixels:
    """Draw a digit of MNIST's kind [28, 28], light on black, with another pen: [S, S, 3]."""
    mask = _enlarged(rng, digit)
    if label in _HABITS and rng.random() < _HABIT:
        mask = _HABITS[label](rng, mask)
    pen = _PENS[int(rng.integers(len(_PENS)))]
    return inked(rng, pen(rng, mask))


def _enlarged(rng: np.random.Generator, digit: Pixels) -> Pixels:
    side = len(empty(rng))
    grown = cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC)
    smoothed = cv2.GaussianBlur(grown, (0, 0), _SOFT * side / len(digit))
    return np.where(smoothed > _INK, 255, 0).astype(np.uint8)


def _slashed(rng: np.random.Generator, mask: Pixels) -> Pixels:
    """From below left to above right, within the digit or a little beyond it."""
    left, top, width, height = cv2.boundingRect(mask)
    reach = rng.uniform(-0.15, 0.1)
    x, y = reach * width, reach * height
    ends = ((left - x, top + height + y), (left + width + x, top - y))
    return _with_line(rng, mask, ends)


def _barred(rng: np.random.Generator, mask: Pixels) -> Pixels:
    """Across the middle of the stem."""
    left, top, width, height = cv2.boundingRect(mask)
    row = top + rng.uniform(0.4, 0.6) * height
    columns = np.flatnonzero(mask[int(row)])
    stem = columns.mean() if columns.size else left + width / 2
    half, rise = rng.uniform(0.25, 0.4) * width, rng.uniform(-0.08, 0.08) * height
    return _with_line(rng, mask, ((stem - half, row + rise), (stem + half, row - rise)))


def _with_line(
    rng: np.random.Generator, mask: Pixels, ends: tuple[tuple[float, float], ...]
) -> Pixels:
    drawn = mask.copy()
    stroke(drawn, np.array(ends, np.float32) / np.float32(len(mask)), rng.uniform(*_PEN))
    return drawn


def _as_it_is(_rng: np.random.Generator, mask: Pixels) -> Pixels:
    return mask


def _with_marker(rng: np.random.Generator, mask: Pixels) -> Pixels:
    return np.asarray(cv2.dilate(mask, _nib(rng, mask, 0.02, 0.06)))


def _with_hairline(rng: np.random.Generator, mask: Pixels) -> Pixels:
    """Thinner, but nowhere so thin that the stroke breaks: the middle of it stays."""
    thinner = cv2.erode(mask, _nib(rng, mask, 0.02, 0.05))
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_5)
    ridge = (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8))) & (mask > 0)
    middle = cv2.dilate(255 * ridge.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(thinner | middle & mask)


def _with_mouse(rng: np.random.Generator, mask: Pixels) -> Pixels:
    """In steps, as a small canvas without smoothing shows it."""
    steps = int(rng.integers(14, 33))
    small = cv2.resize(mask, (steps, steps), interpolation=cv2.INTER_AREA)
    stepped = np.where(small > _INK, 255, 0).astype(np.uint8)
    return np.asarray(cv2.resize(stepped, mask.shape, interpolation=cv2.INTER_NEAREST))


def _out_of_focus(rng: np.random.Generator, mask: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.01, 0.03) * len(mask)))


def _nib(rng: np.random.Generator, mask: Pixels, least: float, most: float) -> Pixels:
    width = max(2, round(rng.uniform(least, most) * len(mask)))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))


_HABITS: dict[int, Draw] = {0: _slashed, 7: _barred}
_PENS: tuple[Draw, ...] = (_as_it_is, _with_marker, _with_hairline, _with_mouse, _out_of_focus)

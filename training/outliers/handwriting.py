"""Handwritten digits drawn anew as other people write: another pen, a mouse, a slash, a bar."""

from collections.abc import Callable

import cv2
import numpy as np

from training.outliers.canvas import LARGEST, SMALLEST, Pixels, inked, stroke

_INK = 110  # of 255: what of an enlarged digit is ink
_SOFT = 0.6  # of one of its pixels: how far its outline is smoothed
_HABIT = 0.5  # share of zeros with a slash, and of sevens with a bar
_PEN = 0.06, 0.09  # width of the slash and of the bar, in shares of the side

Draw = Callable[[np.random.Generator, Pixels], Pixels]


def draw_handwritten(rng: np.random.Generator, digit: Pixels, label: int) -> Pixels:
    """Draw a digit of MNIST's kind [28, 28], light on black, with another pen: [S, S, 3]."""
    mask = _enlarged(rng, digit)
    if label in _HABITS and rng.random() < _HABIT:
        mask = _HABITS[label](rng, mask)
    pen = _PENS[int(rng.integers(len(_PENS)))]
    return inked(rng, pen(rng, mask))


def _enlarged(rng: np.random.Generator, digit: Pixels) -> Pixels:
    side = int(rng.integers(SMALLEST, LARGEST + 1))
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

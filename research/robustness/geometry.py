"""Corruptions that move the ink or add a stroke: warps, shifts, lines."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift

from vision.pixels import Pixels

Floats = NDArray[np.float64]

_SHEAR = 0.4  # radians
_SHRINK = 0.7
_TURN = 0.4  # radians
_SHIFT = 3  # pixels

_REACH = 2.3  # pixels above or below a stroke to which its light falls off
_DASH = 2  # pixels
_FIRST, _LAST = 2, 25  # columns between which a zigzag runs
_STEEPEST = 5  # rows by which its end lies above or below its beginning
_AMPLITUDE = 2.0
_QUARTER = 2.0  # of a zigzag's period, in pixels


def shear(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Lean the upright lines over by 0.4 radians, to the left or to the right."""
    leaned = _signs(random, len(pixels)) * _SHEAR
    return _warp(pixels, ([[1, -np.sin(angle)], [0, np.cos(angle)]] for angle in leaned))


def scale(pixels: Pixels, random: np.random.Generator) -> Pixels:  # noqa: ARG001 - as its like
    """Shrink to 0.7 of the size."""
    return _warp(pixels, ([[1 / _SHRINK, 0], [0, 1 / _SHRINK]] for _ in pixels))


def rotate(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Turn by 0.4 radians, to the left or to the right."""
    turned = _signs(random, len(pixels)) * _TURN
    return _warp(pixels, ([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in turned))


def translate(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Shift by 3 pixels left or right, and by 3 up or down."""
    shifts = _SHIFT * _signs(random, (len(pixels), 2))
    return np.stack(
        [shift(picture, ways, order=0) for picture, ways in zip(pixels, shifts, strict=True)]
    )


def _signs(random: np.random.Generator, shape: int | tuple[int, ...]) -> NDArray[np.int64]:
    return random.choice(np.array([-1, 1]), shape)


def _warp(pixels: Pixels, sources: Iterable[list[list[float]]]) -> Pixels:
    """Draw pictures [N, H, W] from where each [2, 2] matrix sends x and y from the middle."""
    height, width = pixels.shape[1:]
    middle = np.array([[width - 1], [height - 1]]) / 2
    warped = []
    for picture, source in zip(pixels, map(np.array, sources), strict=True):
        matrix = np.hstack([source, middle - source @ middle])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        warped.append(cv2.warpAffine(picture, matrix, (width, height), flags=flags))
    return np.stack(warped).astype(np.uint8)


def dotted_line(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Draw a dotted straight line from the left side to the right one."""
    height, width = pixels.shape[1:]
    dotted = np.arange(width) // _DASH % 2 == 1
    ends = random.integers(0, height - 1, (len(pixels), 2)).tolist()
    lines = np.stack(
        [_line((0, left), (width - 1, right), (height, width)) for left, right in ends]
    )
    return to_bytes(pixels + 255 * lines * dotted)


def zigzag(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Draw a zigzag of 2 pixels up and down along a nearly level line."""
    height, width = pixels.shape[1:]
    begins = random.integers(0, height - 1, len(pixels))
    ends = begins + random.integers(-_STEEPEST, _STEEPEST, len(pixels))
    strokes = np.stack(
        [
            _polyline(_zigzag_corners(begin, end), (height, width))
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        ]
    )
    return to_bytes(pixels + 255 * strokes)


def _zigzag_corners(begin: int, end: int) -> Floats:
    """Where a zigzag between two rows turns, x and y, [corners, 2]."""
    run, rise = _LAST - _FIRST, end - begin
    length = float(np.hypot(run, rise))
    along = np.arange(_QUARTER, length, 2 * _QUARTER)
    off = _AMPLITUDE * (-1.0) ** np.arange(len(along))
    corners = np.stack([np.r_[0, along, length], np.r_[0, off, 0]])
    turn = np.array([[run, -rise], [rise, run]]) / length
    placed: Floats = (turn @ corners).T + np.array([_FIRST, begin])
    return placed


def _polyline(corners: Floats, shape: tuple[int, int]) -> Floats:
    drawn = np.zeros(shape)
    for start, end in zip(corners[:-1].tolist(), corners[1:].tolist(), strict=True):
        drawn += _line(start, end, shape)
    return drawn


def _line(start: Sequence[float], end: Sequence[float], shape: tuple[int, int]) -> Floats:
    """Draw a line from left to right, 1 on it and less above and below: log(1 - d / 2.3) + 1."""
    (left, top), (right, bottom) = start, end
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    at = top + (bottom - top) * (columns - left) / (right - left)
    distance = np.minimum(np.abs(rows - at), _REACH * (1 - 1e-9))
    light = np.log1p(-distance / _REACH) + 1
    between = (columns >= np.floor(left)) & (columns < np.ceil(right))
    drawn: Floats = light.clip(0, 1) * between
    return drawn


def to_bytes(pictures: NDArray[np.floating]) -> Pixels:
    """Round what is 0..255, and cut off what lies beyond."""
    rounded: Pixels = np.rint(pictures).clip(0, 255).astype(np.uint8)
    return rounded

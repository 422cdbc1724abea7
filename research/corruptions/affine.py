"""Sheared, shrunk, turned, shifted: about the middle of the picture, black where nothing was."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_SHEAR = 0.4  # radians
_SHRINK = 0.7
_TURN = 0.4  # radians
_SHIFT = 3  # pixels


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
    return _warp(
        pixels,
        ([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]] for a in turned),
    )


def translate(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Shift by 3 pixels left or right, and by 3 up or down."""
    shifts = _SHIFT * _signs(random, (len(pixels), 2))
    moved = np.zeros_like(pixels)
    for source, target, (down, across) in zip(pixels, moved, shifts.tolist(), strict=True):
        target[_within(down), _within(across)] = source[_within(-down), _within(-across)]
    return moved


def _within(shift: int) -> slice:
    """The part of an axis onto which something falls that is shifted along it."""
    return slice(shift, None) if shift > 0 else slice(None, shift)


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

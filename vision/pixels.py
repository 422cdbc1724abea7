"""Arrays of pixels, and how they are made fewer."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Colours = NDArray[np.float32]
Shades = TypeVar("Shades", Pixels, Colours)
Box = tuple[int, int, int, int]  # left, top, right, bottom; the last two exclusive

_DETAIL = 400  # pixels: a picture is decoded reduced, but with a longer side of at least that


def reduction(width: int, height: int) -> int:
    """Side of the squares of pixels that a picture's are averaged over: 1 for small ones."""
    return max(1, max(width, height) // _DETAIL)


def average_blocks(pixels: Pixels, block: int) -> Pixels:
    """Average squares of `block` pixels; what is left over at the right and below is cut off.

    Only whole blocks, because OpenCV's area averaging is several times faster for them.

    Args:
        pixels: [H, W] or [H, W, C].
        block: Side of a square in pixels, at least 1.

    Returns:
        [H // block, W // block] or with C, at least one pixel each way.
    """
    if block == 1:
        return pixels
    height, width = (max(1, side // block) for side in pixels.shape[:2])
    whole = pixels[: height * block, : width * block]
    averaged = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(averaged, np.uint8).reshape(height, width, *pixels.shape[2:])


def reduce(pixels: Pixels, longest: int) -> tuple[Pixels, int]:
    """Average blocks until the longer side has about `longest` pixels.

    Returns:
        The reduced picture, its longer side below 1.5 times `longest`, and the side of a block: 1
        where there was nothing to do.
    """
    block = max(1, round(max(pixels.shape[:2]) / longest))
    return average_blocks(pixels, block), block


def brightest(colours: Shades) -> Shades:
    """Take the largest of each pixel's three colours: [H, W] of [H, W, 3]."""
    red, green, blue = cv2.split(colours)
    return cv2.max(cv2.max(red, green), blue)

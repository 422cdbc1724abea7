"""Arrays of pixels, parts of them, and how they are made fewer."""

from typing import NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Colours = NDArray[np.float32]
Shades = TypeVar("Shades", Pixels, Colours)

_DETAIL = 400  # pixels: a picture is decoded reduced, but with a longer side of at least that


class Box(NamedTuple):
    """A part of a picture, in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def window(self) -> tuple[slice, slice]:
        """What cuts the part out of an array [H, W, ...]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def times(self, factor: int) -> "Box":
        """The same part of a picture that is so many times as large."""
        return Box(*(factor * side for side in self))

    def moved(self, right: int, down: int) -> "Box":
        """The box so many pixels further on."""
        return Box(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def contains(self, other: "Box") -> bool:
        """Whether no part of the other is outside."""
        left, top, right, bottom = other
        return (
            self.left <= left and self.top <= top and self.right >= right and self.bottom >= bottom
        )

    def gap(self, other: "Box") -> int:
        """How many pixels lie between both, across or down; 0 where they meet."""
        across = max(other.left - self.right, self.left - other.right)
        return max(across, other.top - self.bottom, self.top - other.bottom, 0)

    def union(self, other: "Box") -> "Box":
        """The smallest box around both."""
        return Box(*map(min, self[:2], other[:2]), *map(max, self[2:], other[2:]))

    def widened(self, margin: float, shape: tuple[int, ...]) -> "Box":
        """Add a share of its longer side and at least 2 pixels all around, within a shape."""
        by = max(2, round(margin * max(self.width, self.height)))
        left, top, right, bottom = self
        height, width = shape[:2]
        return Box(
            max(0, left - by), max(0, top - by), min(width, right + by), min(height, bottom + by)
        )


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

"""Seen through bubbled glass, or by a hand that moves."""

import cv2
import numpy as np
from numpy.typing import NDArray

from research.corruptions.noise import blurred, to_bytes

Pixels = NDArray[np.uint8]

_GLASS_SIGMA, _GLASS_ROUNDS = 0.7, 2
_TRAIL = 21  # pixels that a moving point leaves its light on
_TRAIL_SIGMA = 3.0
_STEEPEST = np.pi / 4


def glass_blur(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Blur, swap neighbouring pixels here and there, twice over, and blur again.

    The Gaussians have a standard deviation of 0.7 pixels. From the lower right to the upper left,
    each pixel is exchanged, with a chance of one half, for one at most a pixel up and left.
    """
    shuffled = to_bytes(blurred(pixels.astype(np.float64), _GLASS_SIGMA))
    _, height, width = shuffled.shape
    for _ in range(_GLASS_ROUNDS):
        for y in range(height - 1, 1, -1):
            for x in range(width - 1, 1, -1):
                _swap(shuffled, y, x, random)
    return to_bytes(blurred(shuffled.astype(np.float64), _GLASS_SIGMA))


def _swap(pixels: Pixels, y: int, x: int, random: np.random.Generator) -> None:
    """Exchange one pixel of about half of the pictures [N, H, W], in place."""
    chosen = np.flatnonzero(random.integers(0, 2, len(pixels)))
    up, left = random.integers(0, 2, (2, len(chosen)))
    other = chosen, y - up, x - left
    here = pixels[chosen, y, x]
    pixels[chosen, y, x] = pixels[other]
    pixels[other] = here


def motion_blur(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Smear along a line of at most 45 degrees, one half of a Gaussian of 3 pixels."""
    angles = random.uniform(-_STEEPEST, _STEEPEST, len(pixels))
    smeared = [
        cv2.filter2D(picture, -1, _trail(angle), borderType=cv2.BORDER_REPLICATE)
        for picture, angle in zip(pixels, angles, strict=True)
    ]
    return np.stack(smeared).astype(np.uint8)


def _trail(angle: float) -> NDArray[np.float64]:
    """The kernel of a motion that starts in its middle."""
    steps = np.arange(_TRAIL)
    across, down = (
        np.rint(steps * part).astype(int) + _TRAIL - 1 for part in (np.cos(angle), np.sin(angle))
    )
    kernel = np.zeros((2 * _TRAIL - 1, 2 * _TRAIL - 1))
    np.add.at(kernel, (down, across), np.exp(-(steps**2) / (2 * _TRAIL_SIGMA**2)))
    kernel /= kernel.sum()
    return kernel

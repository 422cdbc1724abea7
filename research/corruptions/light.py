"""Too bright, in fog, partly inverted, or reduced to its edges."""

import cv2
import numpy as np
from numpy.typing import NDArray

from research.corruptions.noise import blurred, to_bytes

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_BRIGHTER = 0.5
_FOG = 3.0
_CLOUD_SIDE = 256  # of the map that a cloud is cut out of
_CLOUD_DECAY = 1.4**2  # by which the height of a wave falls when its length is halved
_CANNY_SIGMA = 1.0
_CANNY_WEAK, _CANNY_STRONG = 0.1 * 255, 0.2 * 255  # of the Sobel gradient's length


def brightness(pixels: Pixels, random: np.random.Generator) -> Pixels:  # noqa: ARG001 - as its like
    """Brighten every pixel by half of the range."""
    return to_bytes(pixels + _BRIGHTER * 255)


def stripe(pixels: Pixels, random: np.random.Generator) -> Pixels:  # noqa: ARG001 - as its like
    """Invert the left and the right quarter."""
    quarter = pixels.shape[2] // 4
    striped = pixels.copy()
    for side in (striped[..., :quarter], striped[..., -quarter:]):
        np.bitwise_not(side, out=side)
    return striped


def canny_edges(pixels: Pixels, random: np.random.Generator) -> Pixels:  # noqa: ARG001 - as its like
    """Draw only the outlines that Canny's method finds after a blur of one pixel."""
    smooth = to_bytes(blurred(pixels.astype(np.float64), _CANNY_SIGMA))
    outlines = [
        cv2.Canny(picture, _CANNY_WEAK, _CANNY_STRONG, L2gradient=True) for picture in smooth
    ]
    return np.stack(outlines).astype(np.uint8)


def fog(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Lay a plasma fractal over it, three times as bright as the ink, and dim the whole."""
    ink = pixels / 255
    peak = ink.max(axis=(1, 2), keepdims=True)
    clouds = np.stack([_plasma(pixels.shape[1:], random) for _ in pixels])
    return to_bytes(255 * (ink + _FOG * clouds) * peak / (peak + _FOG))


def _plasma(shape: tuple[int, ...], random: np.random.Generator) -> Floats:
    """Cut a cloud of that shape, 0..1, out of a map made by the diamond-square algorithm.

    Source: Fournier, Fussell and Carpenter, "Computer rendering of stochastic models" (1982), on
    a torus.
    """
    heights, amplitude = np.zeros((1, 1)), 1.0
    while len(heights) < _CLOUD_SIDE:
        heights = _refined(heights, amplitude, random)
        amplitude /= _CLOUD_DECAY
    lowest = heights.min()
    cloud: Floats = (heights - lowest)[: shape[0], : shape[1]] / (heights.max() - lowest)
    return cloud


def _refined(corners: Floats, amplitude: float, random: np.random.Generator) -> Floats:
    """Put a point between every two of a map: the mean of its four neighbours, displaced."""
    across, down = np.roll(corners, -1, axis=1), np.roll(corners, -1, axis=0)
    middles = (corners + across + down + np.roll(down, -1, axis=1)) / 4
    displacements = random.uniform(-amplitude, amplitude, (3, *corners.shape))
    middles += displacements[0]
    fine = np.empty((2 * len(corners), 2 * len(corners)))
    fine[::2, ::2] = corners
    fine[1::2, 1::2] = middles
    fine[::2, 1::2] = (corners + across + middles + np.roll(middles, 1, axis=0)) / 4
    fine[::2, 1::2] += displacements[1]
    fine[1::2, ::2] = (corners + down + middles + np.roll(middles, 1, axis=1)) / 4
    fine[1::2, ::2] += displacements[2]
    return fine

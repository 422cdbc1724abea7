"""The fifteen kinds of corruption of MNIST-C, which look harmless and mislead networks.

Each is a function of grey pictures uint8 [N, H, W], light ink on black, and of a random generator;
it returns new pictures of the same shape. Written anew to the published meaning; the strengths are
the published ones for pictures of 28 x 28.

Source: Mu and Gilmer, "MNIST-C: A robustness benchmark for computer vision" (2019), section 3 and
its published severities.
"""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from research.robustness.geometry import (
    Floats,
    dotted_line,
    rotate,
    scale,
    shear,
    to_bytes,
    translate,
    zigzag,
)
from vision.pixels import Pixels

_PHOTONS = 3  # in a pixel of full brightness
_IMPULSES = 0.17  # share of the pixels
_LIQUID_MEAN, _LIQUID_DEVIATION, _LIQUID_BLUR = 0.65, 0.3, 1.0
_LIQUID_LEAST = 0.65
_SPLASH_BLUR, _SPLASH_LEAST = 1.5, 0.8
_MUD = 63

_GLASS_SIGMA, _GLASS_ROUNDS = 0.7, 2
_TRAIL = 21  # pixels that a moving point leaves its light on
_TRAIL_SIGMA = 3.0
_STEEPEST = np.pi / 4

_BRIGHTER = 0.5
_FOG = 3.0
_CLOUD_SIDE = 256  # of the map that a cloud is cut out of
_CLOUD_DECAY = 1.4**2  # by which the height of a wave falls when its length is halved
_CANNY_SIGMA = 1.0
_CANNY_WEAK, _CANNY_STRONG = 0.1 * 255, 0.2 * 255  # of the Sobel gradient's length


def shot_noise(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Count few photons: each pixel is Poisson distributed, three where it is brightest."""
    counts = random.poisson(pixels / 255 * _PHOTONS)
    return to_bytes(counts * (255 / _PHOTONS))


def impulse_noise(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Turn 17% of the pixels white or black, either with the same chance."""
    struck = random.random(pixels.shape) < _IMPULSES
    impulses = random.choice(np.array([0, 255], np.uint8), pixels.shape)
    return np.where(struck, impulses, pixels)


def spatter(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Splash dark grey mud over it: blurred noise, where it is above a threshold."""
    liquid = random.normal(_LIQUID_MEAN, _LIQUID_DEVIATION, pixels.shape)
    pools = blurred(liquid, _LIQUID_BLUR) > _LIQUID_LEAST
    cover = blurred(pools, _SPLASH_BLUR)
    cover[cover < _SPLASH_LEAST] = 0
    return to_bytes(pixels * (1 - cover) + _MUD * cover)


def blurred(pictures: NDArray[np.generic], sigma: float) -> Floats:
    """Blur pictures [N, H, W] with a Gaussian of that standard deviation in pixels."""
    exact = pictures.astype(np.float64)
    return np.asarray(gaussian_filter(exact, (0, sigma, sigma), mode="nearest"))


def glass_blur(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Blur, swap neighbouring pixels here and there, twice over, and blur again.

    The Gaussians have a standard deviation of 0.7 pixels. From the lower right to the upper left,
    each pixel is exchanged, with a chance of one half, for one at most a pixel up and left.
    """
    shuffled = to_bytes(blurred(pixels, _GLASS_SIGMA))
    _, height, width = shuffled.shape
    for _ in range(_GLASS_ROUNDS):
        for y in range(height - 1, 1, -1):
            for x in range(width - 1, 1, -1):
                _swap(shuffled, y, x, random)
    return to_bytes(blurred(shuffled, _GLASS_SIGMA))


def _swap(pixels: Pixels, y: int, x: int, random: np.random.Generator) -> None:
    """Replace one pixel of about half of the pictures [N, H, W], in place."""
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
    smooth = to_bytes(blurred(pixels, _CANNY_SIGMA))
    outlines = (cv2.Canny(one, _CANNY_WEAK, _CANNY_STRONG, L2gradient=True) for one in smooth)
    return np.stack([*outlines]).astype(np.uint8)


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


_FUNCTIONS: Final[dict[str, Callable[[Pixels, np.random.Generator], Pixels]]] = {
    "shot noise": shot_noise,
    "impulse noise": impulse_noise,
    "glass blur": glass_blur,
    "motion blur": motion_blur,
    "shear": shear,
    "scale": scale,
    "rotate": rotate,
    "brightness": brightness,
    "translate": translate,
    "stripe": stripe,
    "fog": fog,
    "spatter": spatter,
    "dotted line": dotted_line,
    "zigzag": zigzag,
    "canny edges": canny_edges,
}
KINDS: Final = tuple(_FUNCTIONS)


def corrupt(kind: str, pixels: Pixels, seed: int) -> Pixels:
    """Corrupt grey pictures in one way; the same seed gives the same pictures.

    Args:
        kind: One of KINDS; each draws its own random numbers.
        pixels: uint8 [N, H, W], light ink on black.
        seed: At least 0.
    """
    return _FUNCTIONS[kind](pixels, np.random.default_rng((seed, KINDS.index(kind))))

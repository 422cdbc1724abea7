"""Noise, and what splashes onto paper."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_PHOTONS = 3  # in a pixel of full brightness
_IMPULSES = 0.17  # share of the pixels
_LIQUID_MEAN, _LIQUID_DEVIATION, _LIQUID_BLUR = 0.65, 0.3, 1.0
_LIQUID_LEAST = 0.65
_SPLASH_BLUR, _SPLASH_LEAST = 1.5, 0.8
_MUD = 63


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
    cover = blurred(pools.astype(np.float64), _SPLASH_BLUR)
    cover[cover < _SPLASH_LEAST] = 0
    return to_bytes(pixels * (1 - cover) + _MUD * cover)


def blurred(pictures: Floats, sigma: float) -> Floats:
    """Blur pictures [N, H, W] with a Gaussian of that standard deviation in pixels."""
    return np.asarray(gaussian_filter(pictures, (0, sigma, sigma), mode="nearest"))


def to_bytes(pictures: NDArray[np.floating]) -> Pixels:
    """Round what is 0..255, and cut off what lies beyond."""
    rounded: Pixels = np.rint(pictures).clip(0, 255).astype(np.uint8)
    return rounded

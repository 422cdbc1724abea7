"""Pictures without anything in them but chance."""

from collections.abc import Callable

import cv2
import numpy as np

from training.outliers.canvas import Pixels, empty
from training.outliers.sources import Part, pick


def draw_noise(rng: np.random.Generator, part: Part) -> Pixels:
    """Draw one field of noise, [S, S, 3]."""
    side = len(empty(rng))
    grey = pick(rng, _NOISES, part)(rng, (side, side))
    return np.repeat(grey[..., None], 3, axis=2)


def _uniform(rng: np.random.Generator, shape: tuple[int, int]) -> Pixels:
    return rng.integers(0, 256, shape, np.uint8)


def _specks(rng: np.random.Generator, shape: tuple[int, int]) -> Pixels:
    """Black on white, of several pixels each."""
    share, size = rng.uniform(0.005, 0.1), int(rng.integers(1, 6))
    specks = (rng.random(shape) < share / size).astype(np.uint8) * 255
    larger = np.asarray(cv2.dilate(specks, np.ones((size, size), np.uint8)), np.uint8)
    return np.bitwise_not(larger)


def _blotches(rng: np.random.Generator, shape: tuple[int, int]) -> Pixels:
    """Blurred Gaussian noise, stretched to the whole range."""
    field = rng.standard_normal(shape, np.float32)
    field = np.asarray(cv2.GaussianBlur(field, (0, 0), rng.uniform(2, 12)))
    return _stretched(field)


def _fractal(rng: np.random.Generator, shape: tuple[int, int]) -> Pixels:
    """Noise whose power falls with frequency, as in clouds."""
    frequencies = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in shape)))
    amplitude = np.maximum(frequencies, 1 / max(shape)) ** -rng.uniform(0.8, 1.8)
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * amplitude).real
    return _stretched(field)


def _stretched(field: np.ndarray) -> Pixels:
    low, high = field.min(), field.max()
    return np.asarray(np.rint(255 * (field - low) / (high - low)), np.uint8)


_NOISES: dict[Part, tuple[Callable[[np.random.Generator, tuple[int, int]], Pixels], ...]] = {
    "fitting": (_uniform, _blotches),
    "held-out": (_specks, _fractal),
}

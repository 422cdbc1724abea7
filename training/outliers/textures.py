"""Noise, and surfaces and garments with a pattern."""

from collections.abc import Callable

import cv2
import numpy as np

from training.outliers.canvas import Floats, Part, Pixels, empty, fill, noisy, pick, placed, smooth

Pattern = Callable[[np.random.Generator, Floats, Floats], Floats]


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


def draw_texture(rng: np.random.Generator, part: Part) -> Pixels:
    """Draw a pattern over the whole picture or, as often, within a garment's outline."""
    mask = empty(rng)
    side = len(mask)
    turned = _turned(rng, side)
    field = pick(rng, _PATTERNS, part)(rng, *turned)
    low, high = rng.uniform(0, 120, 3), rng.uniform(120, 255, 3)
    pixels = low + (high - low) * field[..., None]
    if rng.random() < 0.5:
        fill(mask, placed(rng, pick(rng, _GARMENTS, part), turn=0.15))
        ground = 255.0 if rng.random() < 0.5 else 0.0
        pixels = np.where(mask[..., None] > 127, pixels, ground)
    return noisy(rng, pixels, rng.uniform(0, 6))


def _turned(rng: np.random.Generator, side: int) -> tuple[Floats, Floats]:
    """Coordinates along and across a random direction, 0 to 1, a little bent."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    bend = 0.05 * smooth(rng, (side, side), 4)
    angle = rng.uniform(0, np.pi)
    along, across = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * along + y * across + bend, y * along - x * across + bend


def _stripes(rng: np.random.Generator, x: Floats, _: Floats) -> Floats:
    return np.asarray((np.sin(x * rng.uniform(15, 80)) + 1) / 2, np.float32)


def _checks(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    rate = rng.uniform(4, 16)
    return np.asarray((np.floor(x * rate) + np.floor(y * rate)) % 2, np.float32)


def _dots(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    rate = rng.uniform(4, 12)
    distance = np.hypot((x * rate) % 1 - 0.5, (y * rate) % 1 - 0.5)
    return np.asarray(distance < rng.uniform(0.2, 0.4), np.float32)


def _weave(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    rate = rng.uniform(30, 90)
    return np.asarray(
        (2 + np.sin(x * rate) + np.sin(y * rate * rng.uniform(0.4, 1))) / 4, np.float32
    )


def _knit(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    rate = rng.uniform(30, 70)
    return np.asarray((1 + np.sin(x * rate + 2 * np.abs((y * rate / 6) % 2 - 1))) / 2, np.float32)


def _wood(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    bent = x + 0.2 * smooth(rng, x.shape, 5) + 0.02 * y
    return np.asarray((1 + np.sin(bent * rng.uniform(30, 90))) / 2, np.float32)


def _outline(*half: tuple[float, float]) -> Floats:
    """The right half of an outline, mirrored to the left."""
    right = np.array(half, np.float32)
    return np.concatenate([right, right[::-1] * np.array([-1, 1], np.float32)])


_PATTERNS: dict[Part, tuple[Pattern, ...]] = {
    "fitting": (_stripes, _dots, _weave),
    "held-out": (_checks, _knit, _wood),
}
_GARMENTS: dict[Part, tuple[Floats, ...]] = {
    "fitting": (
        _outline((0.25, -0.9), (0.95, -0.6), (0.8, -0.15), (0.55, -0.3), (0.55, 0.9)),  # T-shirt
        _outline((0.5, -1.0), (0.7, 1.0), (0.2, 1.0), (0.0, -0.4)),  # trousers
    ),
    "held-out": (
        _outline((0.3, -1.0), (0.25, -0.3), (0.8, 1.0)),  # dress
        _outline((0.2, -1.0), (0.25, -0.5), (0.8, -0.4), (0.9, 0.8)),  # bag
        np.array(
            [(-0.9, -0.6), (-0.3, -0.6), (0.0, 0.0), (0.9, 0.3), (0.95, 0.6), (-0.9, 0.6)],
            np.float32,
        ),  # boot
    ),
}

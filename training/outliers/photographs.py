"""Scenes as a camera sees them: surfaces in different light, things in front of each other."""

from collections.abc import Callable

import cv2
import numpy as np

from training.outliers.canvas import Floats, Part, Pixels, fill, noisy, pick, smooth

_SMALLEST, _LARGEST = 128, 256  # pixels: side of a photograph


def draw_photograph(rng: np.random.Generator, part: Part) -> Pixels:
    """Compose one scene, [S, S, 3]."""
    side = int(rng.integers(_SMALLEST, _LARGEST + 1))
    pixels = pick(rng, _SCENES, part)(rng, side)
    lit = pixels * (1 + 0.3 * smooth(rng, (side, side), 3))[..., None]
    soft = np.asarray(cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.5, 2)), np.float32)
    return noisy(rng, soft, rng.uniform(1, 8))


def _clutter(rng: np.random.Generator, side: int) -> Floats:
    """Many-cornered things of all sizes lying over each other."""
    pixels = _plain(rng, side)
    for _ in range(int(rng.integers(5, 25))):
        corners = int(rng.integers(3, 9))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = rng.uniform(0.05, 0.35) * rng.uniform(0.6, 1, corners)
        outline = rng.uniform(0, 1, 2) + reach[:, None] * np.stack(
            [np.cos(angles), np.sin(angles)], 1
        )
        _paint(rng, pixels, outline.astype(np.float32))
    return pixels


def _stones(rng: np.random.Generator, side: int) -> Floats:
    """Every point belongs to the nearest of some centres: pebbles, leaves, cracked earth."""
    centres = rng.uniform(0, 1, (int(rng.integers(8, 40)), 2)).astype(np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    distances = np.hypot(x[..., None] - centres[:, 0], y[..., None] - centres[:, 1])
    nearest, second = np.partition(distances, 1, axis=2)[..., :2].transpose(2, 0, 1)
    colours = rng.uniform(40, 230, (len(centres), 3)).astype(np.float32)
    gap = np.clip((second - nearest) * side / 3, 0.2, 1)[..., None]
    return np.asarray(colours[distances.argmin(axis=2)] * gap, np.float32)


def _landscape(rng: np.random.Generator, side: int) -> Floats:
    """Ridges before a sky, the nearer the darker."""
    sky = np.linspace(rng.uniform(150, 255, 3), rng.uniform(150, 255, 3), side)
    pixels = np.repeat(sky[:, None], side, axis=1).astype(np.float32)
    horizon = np.arange(side)[:, None]
    for height in np.sort(rng.uniform(0.3, 0.9, int(rng.integers(2, 5)))):
        ridge = (height + 0.12 * smooth(rng, (side, side), 6)[0]) * side
        colour = rng.uniform(30, 200, 3) * (1.2 - height)
        pixels[horizon > ridge] = colour
    return pixels


def _buildings(rng: np.random.Generator, side: int) -> Floats:
    """Walls with rows of windows."""
    pixels = _plain(rng, side)
    left = 0.0
    while left < 1:
        right, top = left + rng.uniform(0.15, 0.4), rng.uniform(0.05, 0.5)
        _paint(rng, pixels, _rectangle(left, top, right, 1))
        _windows(rng, pixels, (left, top, right))
        left = right
    return pixels


def _windows(rng: np.random.Generator, pixels: Floats, wall: tuple[float, float, float]) -> None:
    left, top, right = wall
    step = rng.uniform(0.05, 0.12)
    colour = rng.uniform(0, 255, 3)
    for y in np.arange(top + step / 2, 1 - step, step * 1.5):
        for x in np.arange(left + step / 2, right - step, step):
            _cover(pixels, _rectangle(x, y, x + step / 2, y + step), colour)


def _rectangle(left: float, top: float, right: float, bottom: float) -> Floats:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def _plain(rng: np.random.Generator, side: int) -> Floats:
    return np.broadcast_to(rng.uniform(30, 230, 3), (side, side, 3)).astype(np.float32)


def _paint(rng: np.random.Generator, pixels: Floats, outline: Floats) -> None:
    _cover(pixels, outline, rng.uniform(20, 240, 3))


def _cover(pixels: Floats, outline: Floats, colour: np.ndarray) -> None:
    mask = np.zeros(pixels.shape[:2], np.uint8)
    fill(mask, outline)
    pixels[mask > 127] = colour


_SCENES: dict[Part, tuple[Callable[[np.random.Generator, int], Floats], ...]] = {
    "fitting": (_clutter, _buildings),
    "held-out": (_stones, _landscape),
}

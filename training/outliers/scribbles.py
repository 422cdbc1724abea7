"""What a pen leaves that meant nothing."""

from collections.abc import Callable

import numpy as np

from training.outliers.canvas import Floats, Pixels, empty, inked, placed, stroke
from training.outliers.sources import Part, pick


def draw_scribble(rng: np.random.Generator, part: Part) -> Pixels:
    """Draw one scribble, [S, S, 3]."""
    mask = empty(rng)
    line = pick(rng, _SCRIBBLES, part)(rng)
    reach = np.abs(line - line.mean(axis=0)).max()
    stroke(mask, placed(rng, (line - line.mean(axis=0)) / reach), rng.uniform(0.015, 0.05))
    return inked(rng, mask)


def _tangle(rng: np.random.Generator) -> Floats:
    """A smooth line through many random points."""
    points = rng.uniform(-1, 1, (int(rng.integers(8, 15)), 2))
    return _smoothed(points)


def _hatching(rng: np.random.Generator) -> Floats:
    """To and fro without lifting the pen."""
    count = int(rng.integers(8, 16))
    across = np.linspace(-1, 1, count) + rng.normal(0, 0.05, count)
    down = np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.6, 1, count)
    return np.stack([across, down], axis=1).astype(np.float32)


def _walk(rng: np.random.Generator) -> Floats:
    """A random walk whose direction wanders."""
    turns = rng.normal(0, 0.6, int(rng.integers(80, 200)))
    angles = np.cumsum(turns)
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.cumsum(steps, axis=0).astype(np.float32)


def _loops(rng: np.random.Generator) -> Floats:
    """A row of loops, as one tries a pen."""
    t = np.linspace(0, 2 * np.pi * rng.integers(4, 8), 160)
    sway = 0.1 * np.cumsum(rng.normal(0, 0.2, len(t)))
    x = t / t[-1] * rng.uniform(1.5, 3) + 0.5 * np.cos(t)
    return np.stack([x, 0.6 * np.sin(t) + sway], axis=1).astype(np.float32)


def _smoothed(points: np.ndarray) -> Floats:
    """Chaikin's corner cutting, three times over."""
    for _ in range(3):
        first = 0.75 * points[:-1] + 0.25 * points[1:]
        second = 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.stack([first, second], axis=1).reshape(-1, 2)
    return points.astype(np.float32)


_SCRIBBLES: dict[Part, tuple[Callable[[np.random.Generator], Floats], ...]] = {
    "fitting": (_tangle, _hatching),
    "held-out": (_walk, _loops),
}

"""Geometric shapes, outlined or filled, and scribbles.

Circles, upright ellipses and single straight lines are left out: they are a 0 and a 1.
"""

from collections.abc import Callable

import numpy as np

from training.outliers.canvas import Floats, Part, Pixels, empty, fill, inked, pick, placed, stroke

_Shape = tuple[list[Floats], bool]


def draw_shape(rng: np.random.Generator, part: Part) -> Pixels:
    """Draw one shape, [S, S, 3]."""
    mask = empty(rng)
    lines, closed = pick(rng, _SHAPES, part)
    sizes = np.cumsum([len(line) for line in lines])[:-1]
    points = placed(rng, np.concatenate(lines))
    is_filled = closed and rng.random() < 0.5
    width = rng.uniform(0.02, 0.07)
    for line in np.split(points, sizes):
        if is_filled:
            fill(mask, line)
        else:
            stroke(mask, line, width)
    return inked(rng, mask)


def _polygon(corners: int, *, inner: float = 1.0) -> Floats:
    """A closed polygon; with an inner radius, a star of half as many points."""
    angles = np.linspace(0, 2 * np.pi, corners + 1) + np.pi / corners
    radii = np.where(np.arange(corners + 1) % 2 == 0, 1, inner)
    return _points(radii * np.sin(angles), radii * np.cos(angles))


def _heart() -> Floats:
    t = np.linspace(0, 2 * np.pi, 40)
    x = np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return _points(x, -y / 16)


def _crescent() -> Floats:
    t = np.linspace(-2, 2, 30)
    outer = _points(-np.cos(t), np.sin(t))
    inner = _points(-0.7 * np.cos(t) + 0.35, 0.93 * np.sin(t))[::-1]
    return np.concatenate([outer, inner, outer[:1]])


def _waves() -> Floats:
    x = np.linspace(-1, 1, 60)
    return _points(x, 0.35 * np.sin(8 * x))


def _spiral() -> Floats:
    t = np.linspace(0, 6 * np.pi, 90)
    return _points(t * np.cos(t) / 19, t * np.sin(t) / 19)


def _line(*corners: tuple[float, float]) -> Floats:
    return np.array(corners, np.float32)


def _points(x: np.ndarray, y: np.ndarray) -> Floats:
    return np.stack([x, y], axis=1).astype(np.float32)


_SHAPES: dict[Part, tuple[_Shape, ...]] = {
    "fitting": (
        ([_polygon(3)], True),
        ([_polygon(4)], True),
        ([_polygon(10, inner=0.45)], True),
        ([_line((-1, 0), (1, 0)), _line((0, -1), (0, 1))], False),
        ([_line((-1, -0.9), (-1, 1), (1, 1), (1, -0.9), (-1, -0.9), (1, 1))], False),
        ([_waves()], False),
        ([_crescent()], True),
        ([_line((-1, -0.6), (1, -0.6)), _line((-1, 0), (1, 0)), _line((-1, 0.6), (1, 0.6))], False),
    ),
    "held-out": (
        ([_polygon(5)], True),
        ([_polygon(6)], True),
        ([_polygon(16, inner=0.6)], True),
        ([_heart()], True),
        ([_spiral()], False),
        ([_line((-1, 0), (1, 0)), _line((0.5, -0.5), (1, 0), (0.5, 0.5))], False),
        ([_polygon(4), _line((-0.7, -0.7), (0.7, 0.7)), _line((-0.7, 0.7), (0.7, -0.7))], False),
        (
            [
                _line((-1, -0.3), (1, -0.3)),
                _line((-1, 0.3), (1, 0.3)),
                _line((-0.4, -1), (-0.4, 1)),
                _line((0.4, -1), (0.4, 1)),
            ],
            False,
        ),
    ),
}


def draw_scribble(rng: np.random.Generator, part: Part) -> Pixels:
    """Draw one scribble, [S, S, 3]."""
    mask = empty(rng)
    line = pick(rng, _SCRIBBLES, part)(rng)
    reach = np.abs(line - line.mean(axis=0)).max()
    stroke(mask, placed(rng, (line - line.mean(axis=0)) / reach), rng.uniform(0.015, 0.05))
    return inked(rng, mask)


def _tangle(rng: np.random.Generator) -> Floats:
    """A smooth line through many random points: Chaikin's corner cutting, three times over."""
    points = rng.uniform(-1, 1, (int(rng.integers(8, 15)), 2))
    for _ in range(3):
        first = 0.75 * points[:-1] + 0.25 * points[1:]
        second = 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.stack([first, second], axis=1).reshape(-1, 2)
    return points.astype(np.float32)


def _hatching(rng: np.random.Generator) -> Floats:
    """To and fro without lifting the pen."""
    count = int(rng.integers(8, 16))
    across = np.linspace(-1, 1, count) + rng.normal(0, 0.05, count)
    down = np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.6, 1, count)
    return _points(across, down)


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
    return _points(x, 0.6 * np.sin(t) + sway)


_SCRIBBLES: dict[Part, tuple[Callable[[np.random.Generator], Floats], ...]] = {
    "fitting": (_tangle, _hatching),
    "held-out": (_walk, _loops),
}

"""Ink on a ground: a drawing as a photograph, a scan or a painting of it."""

from typing import Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Part = Literal["fitting", "held-out"]
Choice = TypeVar("Choice")

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

SMALLEST, LARGEST = 64, 256  # pixels: side of a drawing
_SHIFT = 4  # fractional bits of cv2's coordinates
_DARK_INK = 0.7  # share of drawings that are dark on light


def pick(rng: np.random.Generator, choices: dict[Part, tuple[Choice, ...]], part: Part) -> Choice:
    """Draw one of a part's choices, all alike likely."""
    own = choices[part]
    return own[int(rng.integers(len(own)))]


def empty(rng: np.random.Generator) -> Pixels:
    """A square mask [S, S] of a random side, without any ink."""
    side = int(rng.integers(SMALLEST, LARGEST + 1))
    return np.zeros((side, side), np.uint8)


def stroke(mask: Pixels, points: Floats, share: float) -> None:
    """Draw an open line into the mask.

    Args:
        mask: [S, S], changed in place; 255 is ink.
        points: [N, 2], x and y in shares of the side.
        share: Width of the pen, in shares of the side.
    """
    width = max(1, round(share * len(mask)))
    cv2.polylines(mask, [_fixed(mask, points)], False, 255, width, cv2.LINE_AA, _SHIFT)


def fill(mask: Pixels, points: Floats) -> None:
    """Fill the polygon [N, 2], in shares of the side, with ink."""
    cv2.fillPoly(mask, [_fixed(mask, points)], 255, cv2.LINE_AA, _SHIFT)


def placed(rng: np.random.Generator, points: Floats, turn: float = np.pi) -> Floats:
    """Turn, stretch and place points [..., 2] of the square -1..1 on a canvas.

    Args:
        rng: The source of every draw.
        points: x and y.
        turn: Radians to either side at most.
    """
    angle, size = rng.uniform(-turn, turn), rng.uniform(0.25, 0.4)
    stretch = np.diag(rng.uniform(0.75, 1, 2))
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    place = 0.5 + rng.uniform(-1, 1, 2) * (0.45 - size)
    return np.asarray(points @ stretch @ rotation * size + place, np.float32)


def inked(rng: np.random.Generator, mask: Pixels) -> Pixels:
    """Colour a mask [H, W]: ink on lighter or darker ground, uneven light, a camera's noise.

    Returns:
        [H, W, 3].
    """
    light, dark = rng.uniform(170, 255, 3), rng.uniform(0, 70, 3)
    ground, ink = (light, dark) if rng.random() < _DARK_INK else (dark, light)
    coverage = (mask / np.float32(255))[..., None]
    shade = 1 - rng.uniform(0, 0.15) * (1 + smooth(rng, mask.shape, 2))
    pixels = (ground + coverage * (ink - ground)) * shade[..., None]
    return noisy(rng, pixels, rng.uniform(0, 4))


def noisy(rng: np.random.Generator, pixels: NDArray[np.floating], sigma: float) -> Pixels:
    """Add a camera's noise of that standard deviation, and round to bytes."""
    noise = sigma * rng.standard_normal(pixels.shape, np.float32)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def smooth(rng: np.random.Generator, shape: tuple[int, ...], points: int) -> Floats:
    """A smooth random field [H, W] from -1 to 1, drawn on so many points a side."""
    coarse = rng.uniform(-1, 1, (points, points)).astype(np.float32)
    field = cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(np.asarray(field, np.float32), -1, 1)


def _fixed(mask: Pixels, points: Floats) -> NDArray[np.int32]:
    return np.rint(points * len(mask) * (1 << _SHIFT)).astype(np.int32)

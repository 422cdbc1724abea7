"""The fifteen kinds of corruption of MNIST-C, which look harmless and mislead networks.

Each is a function of grey pictures uint8 [N, H, W], light ink on black, and of a random generator;
it returns new pictures of the same shape. Written anew to the published meaning; the strengths are
the published ones for pictures of 28 x 28.

Source: Mu and Gilmer, "MNIST-C: A robustness benchmark for computer vision" (2019), section 3 and
its published severities.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from research.corruptions.affine import rotate, scale, shear, translate
from research.corruptions.blur import glass_blur, motion_blur
from research.corruptions.light import brightness, canny_edges, fog, stripe
from research.corruptions.noise import impulse_noise, shot_noise, spatter
from research.corruptions.strokes import dotted_line, zigzag

__all__ = ["KINDS", "Kind", "corrupt"]

Kind = Literal[
    "shot noise",
    "impulse noise",
    "glass blur",
    "motion blur",
    "shear",
    "scale",
    "rotate",
    "brightness",
    "translate",
    "stripe",
    "fog",
    "spatter",
    "dotted line",
    "zigzag",
    "canny edges",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

Pixels = NDArray[np.uint8]

_FUNCTIONS: dict[Kind, Callable[[Pixels, np.random.Generator], Pixels]] = {
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


def corrupt(kind: Kind, pixels: Pixels, seed: int) -> Pixels:
    """Corrupt grey pictures in one way; the same seed gives the same pictures.

    Args:
        kind: Of the corruption; each draws its own random numbers.
        pixels: uint8 [N, H, W], light ink on black.
        seed: At least 0.
    """
    return _FUNCTIONS[kind](pixels, np.random.default_rng((seed, KINDS.index(kind))))

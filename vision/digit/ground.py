"""What a digit is written on: its colours everywhere, also beneath the ink.

Three estimates, since none serves every picture. The canvas is of one colour: that of what was
drawn on a screen, however close it is cropped. The even ground is a smooth surface fitted to the
picture's rim and to what resembles it: right for most paper, however thick the pen. The uneven
ground is a median over a window wider than a stroke: it follows the edge of a shadow, a fold or
the rim of the paper.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.pixels import Colours, Pixels

Mask = NDArray[np.bool_]

COARSE = 44  # longest side, in pixels, of the picture on which a ground is estimated
_RIM = 0.06  # of the shorter side
_WINDOW = 0.34  # of the longest side
_SAME = 2  # of 255: colours that differ by so little are one
_CANVAS = 0.2  # of the picture: so much at least shows the canvas


def even(coarse: Pixels) -> Pixels:
    """Fit a quadratic surface per colour to a coarse picture [h, w, 3], ink left out.

    It starts from the rim's median colour, and then fits a plane, then a quadratic, to whatever
    lies within three times the median deviation of the surface before.
    """
    colours = coarse.reshape(-1, 3).astype(np.float32)
    terms = _terms(*coarse.shape[:2])
    rim = _rim(*coarse.shape[:2])
    surface = np.broadcast_to(np.median(colours[rim], axis=0), colours.shape)
    kept = rim & _near(colours, surface, rim, factor=1.5, least=12)
    for known_terms in (1, 3, 6, 6):
        surface = _fit(terms[:, :known_terms], colours, kept)
        kept = _near(colours, surface, kept, factor=3, least=6)
    return np.rint(surface.clip(0, 255)).astype(np.uint8).reshape(coarse.shape)


def canvases(pixels: Pixels, shape: tuple[int, ...]) -> list[Pixels]:
    """Guess the colour [h, w, 3] of what a picture [H, W, 3] was drawn on, where it has just one.

    It is that of corners which are alike, and of much of the picture. There are two guesses where
    two corners have one colour and two another, as ink that fills the picture may make it.

    Args:
        pixels: [H, W, 3].
        shape: [h, w, 3] of the grounds.
    """
    corners = _corners(pixels)
    alike = np.abs(corners[:, None] - corners).max(axis=2) <= _SAME
    most = alike.sum(axis=1).max()
    if most < 2:
        return []
    colours = {
        tuple(np.rint(corners[group].mean(axis=0)).tolist())
        for group in alike
        if group.sum() == most
    }
    return [
        np.full(shape, colour, np.uint8) for colour in sorted(colours) if _covers(pixels, colour)
    ]


def _covers(pixels: Pixels, colour: tuple[float, ...]) -> bool:
    low, high = (tuple(channel + step for channel in colour) for step in (-_SAME, _SAME))
    return cv2.countNonZero(cv2.inRange(pixels, low, high)) >= _CANVAS * pixels[..., 0].size


def _corners(pixels: Pixels) -> Colours:
    """Give the median colour of each corner, [4, 3]."""
    side = max(1, min(pixels.shape[:2]) // 16)
    near, far = slice(side), slice(-side, None)
    patches = [pixels[y, x].reshape(-1, 3) for y in (near, far) for x in (near, far)]
    return np.stack([np.median(patch, axis=0) for patch in patches])


def uneven(coarse: Pixels) -> Pixels:
    """Take the median around each pixel of a coarse picture [h, w, 3]."""
    window = max(3, int(max(coarse.shape[:2]) * _WINDOW) // 2 * 2 + 1)
    return np.asarray(cv2.medianBlur(coarse, window), np.uint8)


def _near(colours: Colours, surface: Colours, among: Mask, factor: float, least: float) -> Mask:
    """Tell which pixels [n] lie within some median deviations of the surface [n, 3]."""
    red, green, blue = cv2.split(cv2.absdiff(colours, surface)[:, None])
    deviation = np.maximum(np.maximum(red, green), blue).ravel()
    return deviation <= max(least, factor * _median(deviation[among]))


def _median(values: NDArray[np.float32]) -> float:
    middle = values.size // 2
    return float(np.partition(values, middle)[middle])  # a third of the time of np.median


def _fit(basis: Colours, colours: Colours, kept: Mask) -> Colours:
    # OpenCV's products, because a BLAS wakes its threads for matrices of this size.
    known, wanted = basis[kept], colours[kept]
    squares = cv2.mulTransposed(known, True)
    ridge = 1e-3 * np.eye(basis.shape[1], dtype=np.float32)  # solvable from one pixel on
    moments = cv2.gemm(known, wanted, 1, None, 0, flags=cv2.GEMM_1_T)
    _, coefficients = cv2.solve(squares + ridge, moments)
    return cv2.gemm(basis, coefficients, 1, None, 0)


@lru_cache(maxsize=16)
def _terms(height: int, width: int) -> Colours:
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j].reshape(2, -1)
    terms: Colours = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], 1).astype(np.float32)
    terms.flags.writeable = False
    return terms


@lru_cache(maxsize=16)
def _rim(height: int, width: int) -> NDArray[np.bool_]:
    depth = max(1, round(_RIM * min(height, width)))
    rim = np.ones((height, width), np.bool_)
    rim[depth:-depth, depth:-depth] = False
    rim.flags.writeable = False
    return rim.ravel()

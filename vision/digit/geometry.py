"""MNIST's geometry: how large a digit is, where it lies, how thick its stroke is.

As its authors say, the ink's box is scaled, aspect kept, until its longer side is 20 of 28 pixels,
and shifted by whole pixels until its centre of mass lies in the middle
(http://yann.lecun.com/exdb/mnist/). All of its 70,000 images have a longer side of 19 or 20
pixels, a brightest pixel of 254 or 255 and a centre of mass within 0.52 pixels of (14, 14),
counted from 0.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.pixels import Box, Pixels

_SHARE = 20 / 28  # of the picture's side that the longer side of the digit fills
_OFF_CENTRE = 0.55  # pixels: more than half of one, for rounding
_FAINTEST_PEAK = 254
_INK = 90  # of 255: what is stronger belongs to the stroke; a grey joint does
_FINE = 5  # pixels per pixel of the network, in which strokes are widened or thinned
_THINNEST, _THICKEST = 2.2, 3.6  # of the network's pixels, at 28
_SHAVED = (1.0, 0.75, 0.5, 0.25)
_SQUARE = np.ones((3, 3), np.uint8)


def normalised_box(grey: Pixels) -> Box | None:
    """Find the ink of a light-on-dark picture [H, W]; None where it is not as MNIST's images."""
    height, width = grey.shape
    left, top, box_width, box_height = cv2.boundingRect(grey)
    filled = max(box_height / (_SHARE * height), box_width / (_SHARE * width))
    if not 1 - 1.01 / (_SHARE * min(height, width)) <= filled <= 1.001:
        return None
    if cv2.minMaxLoc(grey)[1] < _FAINTEST_PEAK:
        return None
    # As cv2.moments, which takes three times as long to name two dozen of them.
    mass, x, y = np.dot(_mass_and_moments(grey.shape), grey.ravel().astype(np.float32)).tolist()
    if abs(x / mass - width / 2) > _OFF_CENTRE or abs(y / mass - height / 2) > _OFF_CENTRE:
        return None
    return Box(left, top, left + box_width, top + box_height)


@cache
def _mass_and_moments(shape: tuple[int, int]) -> NDArray[np.float32]:
    """Weights [3, H * W] of each pixel: in the mass, and in its moments along x and y."""
    y, x = np.indices(shape, np.float32)
    return np.stack([np.ones(x.size, np.float32), x.ravel(), y.ravel()])


def normalise(strength: Pixels, shape: tuple[int, int]) -> Pixels:
    """Draw a digit's ink with MNIST's size, place and stroke.

    Args:
        strength: [h, w], 255 where the ink is full, 0 where there is none.
        shape: Height and width of the result.

    Returns:
        Light ink on black, [H, W], the brightest pixel 255.
    """
    target = tuple(_SHARE * side for side in shape)
    fine = _even_stroke(_enlarge(_trim(strength), target), min(shape) / 28)
    return _centre(_shrink(fine, target), shape)


def _trim(strength: Pixels) -> Pixels:
    """Cut to the box of what is at least half of full ink."""
    x, y, width, height = cv2.boundingRect((strength > _INK).view(np.uint8))
    return strength[y : y + height, x : x + width]


def _enlarge(strength: Pixels, target: tuple[float, ...]) -> Pixels:
    """Scale to the fine grid; 1 where there is ink, with room for a wider stroke around it."""
    height, width = strength.shape
    factor = _FINE * min(target[0] / height, target[1] / width)
    if factor < 1:  # a hairline must outlive being averaged
        reach = int(np.ceil(1 / factor))
        strength = cv2.dilate(strength, np.ones((reach, reach), np.uint8))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    fine = cv2.resize(strength, size, interpolation=method)
    return np.pad((fine > _INK).view(np.uint8), 4 * _FINE)


def _even_stroke(ink: Pixels, unit: float) -> Pixels:
    """Widen or thin the stroke until its median width is within MNIST's range."""
    depth = cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_5)
    ridge = depth[(depth >= cv2.dilate(depth, _SQUARE)) & (ink > 0)]
    if not ridge.size:
        return ink
    width = 2 * float(np.median(ridge)) - 1
    thinnest, thickest = (limit * _FINE * unit for limit in (_THINNEST, _THICKEST))
    if width < thinnest:
        outside = cv2.distanceTransform(1 - ink, cv2.DIST_L2, cv2.DIST_MASK_5)
        return (outside <= (thinnest - width) / 2).view(np.uint8)
    if width > thickest:
        return _thin(ink, np.asarray(depth), (width - thickest) / 2)
    return ink


def _thin(ink: Pixels, depth: NDArray[np.float32], shaved: float) -> Pixels:
    """Shave a stroke on both sides, but by no more than leaves its pieces and holes as they are."""
    wanted = _topology(ink)
    for share in _SHAVED:
        thinner = (depth > share * shaved).view(np.uint8)
        if _topology(thinner) == wanted:
            return thinner
    return ink


def _topology(ink: Pixels) -> tuple[int, int]:
    """How many pieces of ink there are, and how many pieces of ground."""
    return cv2.connectedComponents(ink, connectivity=8)[0], cv2.connectedComponents(
        1 - ink, connectivity=4
    )[0]


def _shrink(fine: Pixels, target: tuple[float, ...]) -> Pixels:
    x, y, width, height = cv2.boundingRect(fine)
    factor = min(target[0] / height, target[1] / width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    ink = 255 * fine[y : y + height, x : x + width]
    drawn = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
    return cv2.normalize(drawn, None, 255, 0, cv2.NORM_INF)


def _centre(drawn: Pixels, shape: tuple[int, int]) -> Pixels:
    """Place on black so that the centre of mass is in the middle, to the nearest whole pixel."""
    moments = cv2.moments(drawn)
    (height, width), (full_height, full_width) = drawn.shape, shape
    top = round(full_height / 2 - moments["m01"] / moments["m00"])
    left = round(full_width / 2 - moments["m10"] / moments["m00"])
    top = min(max(top, 0), full_height - height)
    left = min(max(left, 0), full_width - width)
    picture = np.zeros(shape, np.uint8)
    picture[top : top + height, left : left + width] = drawn
    return picture

"""What a digit is written on, where that lies on something else: a note on a desk, a card, a sign.

Such a sheet stands out from its surroundings as ink does, but no pen draws it: it has four straight
sides, and what is written on it takes little of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.digit.contrast import FAINTEST, contrasts, ink_axis
from vision.digit.ground import COARSE, even
from vision.digit.shapes import Pieces
from vision.pixels import Box, Pixels, reduce

Hull = NDArray[np.int32]  # corners [N, 1, 2], x and y

_SMALLEST: Final = 48  # pixels, of a picture's shorter side: in a smaller one no sheet is legible
_SEARCHED: Final = 128  # longest side, in pixels, of the picture that is searched
_LARGE: Final = 0.15  # of the picture's longer side: a smaller sheet holds no legible digit
_STRAIGHT: Final = 0.93  # of the quadrilateral around it: so much a sheet fills; an ellipse 0.79
_CUT_OFF: Final = 0.3  # of its width and height together: so much may lie on the picture's border
_BARE: Final = 0.7  # of the sheet: so much is not written on
_CORNERS = 4  # of a sheet
_MARGIN: Final = 0.03  # of the sheet's longer side: its edge and its shadow
_COARSE: Final = (
    48  # longest side, in pixels, of the picture that the sheet's colour is continued in
)
_SMOOTH: Final = 8.0  # pixels of that picture
_ALIKE: Final = 24.0  # of 255: what differs more from the sheet's typical colour is written on it


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet cut out of its picture, as if there were nothing beyond it."""

    pixels: Pixels  # [h, w, 3]; what lay beside the sheet has the sheet's colour
    box: Box  # of these pixels in the picture


def find_sheet(pixels: Pixels) -> Sheet | None:
    """Find the largest sheet in a picture [H, W, 3]; None where there is none."""
    if min(pixels.shape[:2]) < _SMALLEST:
        return None
    searched, block = reduce(pixels, _SEARCHED)
    hulls = sorted(_sheets(searched), key=cv2.contourArea)
    return _cut_out(pixels, hulls[-1] * block + block // 2) if hulls else None


def _sheets(pixels: Pixels) -> Iterator[Hull]:
    """Give the hull of every piece of a picture that is a sheet, whole and not all of it."""
    coarse, _ = reduce(pixels, COARSE)
    ground = cv2.resize(even(coarse), pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    for contrast in contrasts(pixels, ground, ink_axis(pixels, ground)):
        level = contrast.ink_level()
        if level < FAINTEST:
            continue
        pieces = Pieces.of(contrast.mask(level))
        large = pieces.sides.min(axis=1) >= _LARGE * max(pixels.shape)
        uncut = pieces.contacts <= _CUT_OFF * pieces.sides.sum(axis=1)
        for piece in np.flatnonzero(large & uncut).tolist():
            hull = _sheet_hull((pieces.labels == piece).view(np.uint8))
            if piece and hull is not None:
                yield hull


def _sheet_hull(mask: Pixels) -> Hull | None:
    """Give the hull of a piece; None where it is no sheet."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(outlines[0])
    area = cv2.contourArea(hull)
    convex = cv2.contourArea(outlines[0]) >= _STRAIGHT * area
    if not convex or cv2.countNonZero(mask) < _BARE * area or len(hull) < _CORNERS:
        return None
    around = cv2.approxPolyN(hull, _CORNERS, ensure_convex=True)
    return hull if area >= _STRAIGHT * cv2.contourArea(around) else None


def _cut_out(pixels: Pixels, hull: Hull) -> Sheet:
    left, top, width, height = cv2.boundingRect(hull)
    box = Box(left, top, min(pixels.shape[1], left + width), min(pixels.shape[0], top + height))
    part = pixels[box.window]
    inside = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, hull - (left, top), 255)
    margin = max(3, round(2 * _MARGIN * max(part.shape[:2]))) | 1
    inside = cv2.erode(inside, np.ones((margin, margin), np.uint8), borderValue=(0,))
    return Sheet(np.where(inside[..., None] > 0, part, _continued(part, inside)), box)


def _continued(part: Pixels, inside: Pixels) -> Pixels:
    """Continue the sheet's own colours beyond it, smoothly: a weighted mean of what is near."""
    coarse, _ = reduce(part, _COARSE)
    within = cv2.resize(inside, coarse.shape[1::-1], interpolation=cv2.INTER_AREA) == 255
    typical = np.median(coarse[within], axis=0)
    bare = within & (np.abs(coarse - typical).max(axis=2) <= _ALIKE)
    weight = bare.astype(np.float32)[..., None]
    near = cv2.GaussianBlur(np.concatenate([coarse * weight, weight], axis=2), (0, 0), _SMOOTH)
    known = near[..., 3:] > 1e-4
    colours = np.where(known, near[..., :3] / np.maximum(near[..., 3:], 1e-4), typical)
    smooth = cv2.resize(colours.astype(np.float32), part.shape[1::-1])
    return np.rint(smooth.clip(0, 255)).astype(np.uint8)

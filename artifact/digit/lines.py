"""Take ruled lines, squares and frames out of a mask, and leave the strokes that cross them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from artifact.digit.shapes import label
from artifact.pixels import Pixels

_RUN = 0.12  # of the picture's side: what is straight for so long may be part of a line
LINE_SPAN = 0.7  # of the picture's side: so long is one of several lines
_ALONE = 0.97  # so long is a line even where it is the only one
_SLENDER = 25  # times as long as it is thick
_BENT = 2.0  # pixels off its own curve: more is no line
_LEFT = 0.08  # of the longest side: a piece so large must be left, or the lines were the digit


@dataclass(frozen=True, slots=True)
class _Line:
    """A lying line: the rows [n] of its middle at the columns [n], and the pixels across it."""

    columns: NDArray[np.intp]
    rows: NDArray[np.float64]
    thickness: float

    @property
    def band(self) -> int:
        return round(self.thickness) + 2


def without_lines(mask: Pixels) -> Pixels:
    """Erase the long thin lines, lying or upright, of a mask [H, W] of 0 and 1.

    A line is one of several that run along most of the picture, or runs from border to border.
    The mask itself comes back where there is none, or where nothing else would be left.
    """
    lying, upright = _lying_lines(mask), _lying_lines(np.ascontiguousarray(mask.T))
    if not lying and not upright:
        return mask
    lines = _draw(lying, mask.shape) | _draw(upright, mask.shape[::-1]).T
    strokes = mask & ~lines
    gap = 3 + max(line.band for line in lying + upright)
    across = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap))
    crossings = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, across) & lines & mask
    cleaned = strokes | crossings
    return cleaned if _has_piece(cleaned) else mask


def _lying_lines(mask: Pixels) -> list[_Line]:
    width = mask.shape[1]
    tolerant = cv2.dilate(mask, np.ones((3, 1), np.uint8))  # a slanted line has short runs
    run = np.ones((1, max(9, round(_RUN * width))), np.uint8)
    straight = cv2.morphologyEx(tolerant, cv2.MORPH_OPEN, run)
    count, labels, stats = label(straight)
    widths = stats[:, cv2.CC_STAT_WIDTH]
    long = [piece for piece in range(1, count) if widths[piece] >= LINE_SPAN * width]
    traced = (_trace(labels, stats[piece].tolist(), piece) for piece in long)
    lines = [line for line in traced if line is not None]
    alone = any(len(line.columns) >= _ALONE * width for line in lines)
    return lines if len(lines) > 1 or alone else []


def _trace(labels: NDArray[np.uint16], stats: list[int], number: int) -> _Line | None:
    """Fit a quadratic to a piece where no stroke crosses it; None if that is no line."""
    left, top, width, height, _ = stats
    piece = labels[top : top + height, left : left + width] == number
    heights = piece.sum(axis=0)
    thickness = max(1.0, float(np.median(heights)) - 2)
    if thickness * _SLENDER > width:
        return None
    bare = np.flatnonzero(heights <= thickness + 4)
    middles = (np.arange(height) @ piece)[bare] / heights[bare]
    curve = polynomial.polyfit(bare / width, middles, 2)
    if np.median(np.abs(polynomial.polyval(bare / width, curve) - middles)) > _BENT:
        return None
    columns = np.arange(width)
    rows = np.asarray(polynomial.polyval(columns / width, curve) + top, np.float64)
    return _Line(columns + left, rows, thickness)


def _draw(lines: list[_Line], shape: tuple[int, ...]) -> Pixels:
    drawn = np.zeros(shape, np.uint8)
    for line in lines:
        points = np.stack([line.columns, np.rint(line.rows)], axis=1).astype(np.int32)
        cv2.polylines(drawn, [points], isClosed=False, color=1, thickness=line.band)
    return drawn


def _has_piece(mask: Pixels) -> bool:
    _, _, stats = label(mask)
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return bool(sides.max(initial=0) >= _LEFT * max(mask.shape))

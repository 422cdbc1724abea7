"""Take ruled lines, squares and frames out of a mask, and leave the strokes that cross them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from vision.digit.shapes import label
from vision.pixels import Pixels

_RUN = 0.12  # of the picture's side: what is straight for so long may be part of a line
LINE_SPAN = 0.7  # of the picture's side: so long is one of several lines
_ALONE = 0.97  # so long is a line even where it is the only one
_SLENDER = 25  # times as long as it is thick
_BENT = 2.0  # pixels off its own curve: more is no line
_FOLLOWED = 0.5  # of its length: as much of a line must lie on its curve
_TRIMS = 4  # times that what lies off the curve is left out of the next one
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
    lines = [line for piece in long for line in _trace(labels, stats[piece].tolist(), piece)]
    alone = any(len(line.columns) >= _ALONE * width for line in lines)
    return lines if len(lines) > 1 or alone else []


def _trace(labels: NDArray[np.uint16], stats: list[int], number: int) -> list[_Line]:
    """Follow a piece along its top and along its bottom, where strokes tie two lines together."""
    left, top, width, height, _ = stats
    piece = labels[top : top + height, left : left + width] == number
    columns = np.arange(left, left + width)
    lines = [_Line(columns, top + rows, thickness) for rows, thickness in _follow(piece)]
    for rows, thickness in _follow(piece[::-1]):
        line = _Line(columns, top + height - 1 - rows, thickness)
        if not lines or np.median(line.rows - lines[0].rows) > line.band:
            lines.append(line)
    return lines


def _follow(piece: NDArray[np.bool_]) -> list[tuple[NDArray[np.float64], float]]:
    """Fit a quadratic to the uppermost ink of every column.

    Returns:
        Its row at every column and the thickness of the ink; nothing if that is no line.
    """
    height, width = piece.shape
    first = piece.argmax(axis=0)
    after = ~piece & (np.arange(height)[:, None] > first)
    last = np.where(after.any(axis=0), after.argmax(axis=0), height) - 1
    thickness = max(1.0, float(np.median(last - first)) - 1)
    bare = last - first <= thickness + 3
    if thickness * _SLENDER > width or not bare.any():
        return []
    columns, middles, kept = np.arange(width) / width, (first + last) / 2, bare
    for _ in range(_TRIMS):
        rows = polynomial.polyval(columns, polynomial.polyfit(columns[kept], middles[kept], 2))
        off = np.abs(rows - middles)
        kept = bare & (off <= max(_BENT, float(np.median(off[kept]))))
    return [(rows, thickness)] if (off <= _BENT).mean() > _FOLLOWED else []


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

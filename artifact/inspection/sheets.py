"""Arrays as pictures: many small maps on one sheet, blue above zero and orange below."""

import io
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artifact.inspection.class_map import Floats

MOST_TILES: Final = 128
_COLUMNS: Final = 16
_MOST_SIDE: Final = 32  # pixels of one map; a larger one is thinned out
_MOST_PAIRS: Final = 32  # rows and columns of a sheet of filters that have one for each pair
_ZERO, _GAP = 127, 255  # entries of the palette

# Okabe and Ito's vermilion and blue, with white for zero.
_BELOW, _NOTHING, _ABOVE = np.array([[213, 94, 0], [255, 255, 255], [0, 90, 160]])


def sheet_of_maps(maps: Floats) -> bytes:
    """Draw maps [C, H, W], at most 128 of them, in rows of 16, as a PNG file."""
    step = ceil(max(maps.shape[1:]) / _MOST_SIDE)
    return _draw(maps[:MOST_TILES, ::step, ::step], _COLUMNS)


def sheet_of_filters(weight: Floats) -> bytes:
    """Draw the filters of a convolution, or the weights of a linear layer, as a PNG file.

    Filters of one channel lie in rows of 16, as the maps that they make do. Where a filter has
    several channels, each row is a filter and each column a channel, 32 of both at most.
    """
    outputs, inputs, *sides = (*weight.shape, 1, 1)[:4]
    filters = weight.reshape(outputs, inputs, *sides)
    if inputs == 1:
        return sheet_of_maps(filters[:, 0])
    shown = filters[:_MOST_PAIRS, :_MOST_PAIRS]
    return _draw(shown.reshape(-1, *sides), shown.shape[1])


def _draw(tiles: Floats, columns: int) -> bytes:
    count, height, width = tiles.shape
    columns = min(columns, count)
    rows = ceil(count / columns)
    gap = int(height * width > 1)  # single numbers lie side by side
    sheet = np.full((rows, height + gap, columns, width + gap), _GAP, np.uint8)
    filled = np.full((rows * columns, height, width), _GAP, np.uint8)
    filled[:count] = _entries(tiles)
    sheet[:, :height, :, :width] = filled.reshape(rows, columns, height, width).swapaxes(1, 2)
    pixels = sheet.reshape(rows * (height + gap), columns * (width + gap))
    image = Image.fromarray(pixels[: len(pixels) - gap, : pixels.shape[1] - gap])
    image.putpalette(_palette().tobytes())
    png = io.BytesIO()
    image.save(png, "PNG", transparency=_GAP)
    return png.getvalue()


def _entries(tiles: Floats) -> NDArray[np.uint8]:
    """Scale so that the number furthest from zero has the strongest colour."""
    largest = np.abs(tiles).max(initial=0) or 1
    entries: NDArray[np.uint8] = np.rint(_ZERO + tiles / largest * _ZERO).astype(np.uint8)
    return entries


def _palette() -> NDArray[np.uint8]:
    shares = (np.arange(256)[:, None] - _ZERO) / _ZERO
    ends = np.where(shares < 0, _BELOW, _ABOVE)
    colours: NDArray[np.float64] = _NOTHING + np.abs(shares) * (ends - _NOTHING)
    return colours.clip(0, 255).astype(np.uint8)

"""Publish the test pictures of a data set: laid out in sheets, written beside the models."""

import io
import logging
from collections.abc import Iterator
from math import isqrt
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from artifact.datasets import (
    DATASET,
    FOLDER,
    DatasetDescription,
    Datasets,
    PublishedDataset,
    StoredDataset,
)
from artifact.files import describe, replace
from artifact.publish import writing

_SHEET_BYTES: Final = 2**20  # of a sheet's pixels: what a browser holds of it
_LARGEST_SIDE: Final = 64  # pixels: what a gallery shows
_MOST_BYTES: Final = 48_000_000  # of all pixels of one data set: of very many, smaller pictures
_LEAST_SIDE: Final = 16
_SHORT: Final = 8  # digits of a digest in a name

Pixels = NDArray[np.uint8]

_LOG = logging.getLogger(__name__)


def publish_pictures(
    models: Path, name: str, about: DatasetDescription, pixels: Pixels
) -> StoredDataset:
    """Publish test pictures beside the models, unless they are there, as large or larger.

    What was published stays: larger pictures of the same data set, or another data set of the same
    name, get a longer name.

    Raises:
        BrokenArtifact: The directory cannot be read.
        NotPublished: The files cannot be written.
    """
    count, channels, full, _ = pixels.shape
    side = thumbnail_side(count, channels, full)
    before = Datasets.scan(models, lambda broken, error: _LOG.warning("%s: %s", broken, error))
    stored = before.find(about.test_sha256, about.labels)
    if stored is not None and stored.dataset.side >= side:
        return stored
    folder = _free_folder(models / FOLDER, name, about.test_sha256, side)
    columns = max(1, isqrt(_SHEET_BYTES // (channels * side * side)))
    sheets = [_png(sheet) for sheet in draw_sheets(reduced(pixels, side), columns)]
    files = [describe(f"test-{number:03}.png", sheet) for number, sheet in enumerate(sheets)]
    dataset = PublishedDataset(
        **about.model_dump(),
        name=folder.name,
        mode="L" if channels == 1 else "RGB",
        side=side,
        columns=columns,
        sheets=tuple(files),
    )
    with writing(f"{FOLDER}/{folder.name}"):
        for file, sheet in zip(files, sheets, strict=True):
            replace(folder / file.path, sheet)
        replace(folder / DATASET, dataset.model_dump_json().encode() + b"\n")
    return StoredDataset(folder, dataset)


def _free_folder(root: Path, name: str, digest: str, side: int) -> Path:
    longer = f"{name}-{digest[:_SHORT]}"
    names = (name, longer, f"{longer}-{side}")
    return next(root / each for each in names if not (root / each / DATASET).exists())


def thumbnail_side(count: int, channels: int, side: int) -> int:
    """The side that so many pictures are reduced to: 64 pixels at most, less of very many."""
    affordable = max(_LEAST_SIDE, isqrt(_MOST_BYTES // (count * channels)))
    return min(side, _LARGEST_SIDE, affordable)


def reduced(pixels: Pixels, side: int) -> Pixels:
    """The same pictures [N, C, H, W] at that side, each pixel the mean of those that it covers."""
    if pixels.shape[2:] == (side, side):
        return pixels
    small = np.empty((*pixels.shape[:2], side, side), np.uint8)
    for place in np.ndindex(pixels.shape[:2]):
        cv2.resize(pixels[place], (side, side), small[place], interpolation=cv2.INTER_AREA)
    return small


def draw_sheets(pixels: Pixels, columns: int) -> Iterator[Pixels]:
    """Lay pictures [N, C, H, W] out in sheets [H', W', C], row by row; black fills the last row."""
    channels, height, width = pixels.shape[1:]
    for start in range(0, len(pixels), columns**2):
        part = pixels[start : start + columns**2]
        rows = -(-len(part) // columns)
        filled = np.zeros((rows * columns, channels, height, width), np.uint8)
        filled[: len(part)] = part
        grid = filled.reshape(rows, columns, channels, height, width).transpose(0, 3, 1, 4, 2)
        yield grid.reshape(rows * height, columns * width, channels)


def _png(sheet: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet).save(
        buffer, "PNG", optimize=True
    )
    return buffer.getvalue()

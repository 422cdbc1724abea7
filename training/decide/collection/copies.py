"""Near-copies: pictures that are the same but for size, compression or a slight change.

A perceptual hash proposes pairs and the pixels confirm them, so that simple pictures that only
look alike in outline, such as two handwritten ones, are not taken for copies.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.data.folder import Pixels
from training.decide.collection.store import Store

SIDE: Final = 64  # of the pictures that are compared
_BITS: Final = 8  # of the hash's 64 that may differ: Zauner, Perceptual image hash functions (2010)
_THUMB: Final = 32
_RELATIVE: Final = 0.15  # difference of two pictures' pixels, to the spread of the first's
_ROWS: Final = 256  # of the matrix of distances, at a time


def near_copies(store: Store) -> NDArray[np.int64]:
    """Group the pictures [N]: near-copies have one number, and every other picture its own."""
    hashes: list[int] = []
    thumbs: list[NDArray[np.float32]] = []
    for chunk in store.chunks(SIDE):
        for picture in chunk:
            hashes.append(_hash(picture))
            thumbs.append(_thumb(picture))
    pairs = np.array([*_pairs(np.array(hashes, np.uint64), np.stack(thumbs))], int).reshape(-1, 2)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (store.count,) * 2)
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _hash(picture: Pixels) -> int:
    grey = Image.fromarray(picture.mean(axis=0).astype(np.uint8))
    return int(str(imagehash.phash(grey)), 16)


def _thumb(picture: Pixels) -> NDArray[np.float32]:
    """Colour included: a red and a blue copy are two pictures."""
    planes = picture.transpose(1, 2, 0).astype(np.float32)
    small = cv2.resize(planes, (_THUMB, _THUMB), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).reshape(-1)


def _pairs(hashes: NDArray[np.uint64], thumbs: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    for start in range(0, len(hashes), _ROWS):
        rows = hashes[start : start + _ROWS, None]
        close = np.bitwise_count(rows ^ hashes[None]) <= _BITS
        for row, column in zip(*np.nonzero(close), strict=True):
            first, second = start + int(row), int(column)
            if first < second and _same(thumbs[first], thumbs[second]):
                yield first, second


def _same(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    apart = float(np.sqrt(np.mean((first - second) ** 2)))
    return apart <= _RELATIVE * max(float(first.std()), 1.0)

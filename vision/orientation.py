"""The orientation that EXIF says, and turning a picture upright by it."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from vision.pixels import Pixels

_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_ENTRY: Final = 12  # bytes
_UPRIGHT: Final[Mapping[int, Callable[[Pixels], Pixels]]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}


def orientation_of(exif: bytes | memoryview) -> int:
    """Read the orientation of EXIF data, 1 to 8; 1, upright, where none can be read.

    Args:
        exif: A TIFF header and its directories; `Exif` and two zero bytes may stand before it.
    """
    exif = exif[6:] if exif[:6] == b"Exif\0\0" else exif
    order = {b"II": "<", b"MM": ">"}.get(bytes(exif[:2]))
    if order is None or len(exif) < 8:
        return 1
    (directory,) = struct.unpack_from(f"{order}I", exif, 4)
    entries = directory + 2
    if entries > len(exif):
        return 1
    (count,) = struct.unpack_from(f"{order}H", exif, directory)
    whole = min(count, (len(exif) - entries) // _ENTRY)
    for tag, kind, number, value in struct.iter_unpack(
        f"{order}HHIHxx", exif[entries : entries + whole * _ENTRY]
    ):
        if tag == _ORIENTATION:
            return value if kind == _SHORT and number == 1 and 1 <= value <= 8 else 1
    return 1


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn pixels [H, W, C] as the orientation says; 5 to 8 exchange height and width."""
    turn = _UPRIGHT.get(orientation)
    return pixels if turn is None else np.ascontiguousarray(turn(pixels))

"""Pictures that a person could send, drawn by the tests."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def seven(side: int = 100, pen: int = 8) -> Pixels:
    """Draw a 7 on black, [side, side], its ink 255."""
    canvas = np.zeros((side, side), np.uint8)
    corners = np.array([[0.3, 0.2], [0.7, 0.2], [0.45, 0.8]]) * side
    cv2.polylines(canvas, [corners.astype(np.int32)], False, 255, pen)
    return canvas


def coloured(ink: Pixels, pen: tuple[int, int, int], ground: tuple[int, int, int]) -> Pixels:
    """Lay ink of one colour on a ground of another, [H, W, 3]."""
    share = ink[..., None] / 255
    return np.asarray(np.rint(share * pen + (1 - share) * np.array(ground)), np.uint8)


def encode(pixels: Pixels | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Write pixels as a picture file."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(
    width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 0, interlaced: int = 0
) -> bytes:
    """Put a PNG file together, whatever its chunks are."""
    header = chunk(b"IHDR", struct.pack(">2I5B", width, height, depth, colour, 0, 0, interlaced))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def chunk(name: bytes, data: bytes) -> bytes:
    """Write one chunk of a PNG file, with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

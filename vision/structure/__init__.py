"""What the bytes of a picture say of themselves, checked before any decoder sees them.

One small checker for each format walks over the file's parts: their lengths have to add up, the
pixels have to be inside, and the data has to be enough for the size that is claimed. Nothing that
is allocated here grows with a length that a file claims.
"""

from collections.abc import Callable
from typing import Final

from vision.errors import ImageError, TooLarge, Undecodable, UnsupportedType
from vision.structure import bmp, gif, jpeg, png, tiff, webp
from vision.structure.base import ACCEPTED, Structure

Inspect = Callable[[bytes, int], Structure]
_SIGNATURES: Final[tuple[tuple[bytes, Inspect], ...]] = (
    (b"\x89PNG\r\n\x1a\n", png.inspect),  # first: the most frequent by far, where time counts
    (b"\xff\xd8\xff", jpeg.inspect),
    (b"GIF87a", gif.inspect),
    (b"GIF89a", gif.inspect),
    (b"BM", bmp.inspect),
    (b"II*\x00", tiff.inspect),
    (b"MM\x00*", tiff.inspect),
)
_BIG_TIFF: Final = (b"II+\x00", b"MM\x00+")


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Tell a picture's format by its first bytes and check its structure.

    Raises:
        UnsupportedType: Not a picture of an accepted format.
        Undecodable: Empty, damaged or cut short.
        TooLarge: Width times height is more than `max_pixels`.
    """
    return _inspector_of(data)(data, max_pixels)


def is_small(data: bytes, most_pixels: int) -> bool:
    """Whether a picture has at most so many pixels, or is refused soon; of PNG by its header."""
    try:
        inspect_format = _inspector_of(data)
        if inspect_format is png.inspect:
            return png.is_small(data, most_pixels)
        inspect_format(data, most_pixels)
    except TooLarge:
        return False
    except ImageError:
        return True
    return True


def _inspector_of(data: bytes) -> Inspect:
    for signature, inspect_format in _SIGNATURES:
        if data.startswith(signature):
            return inspect_format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return webp.inspect
    if not data:
        raise Undecodable(f"the picture is empty; accepted: whole files of {ACCEPTED}")
    if data.startswith(_BIG_TIFF):
        raise UnsupportedType(f"BigTIFF is not accepted; accepted: {ACCEPTED}")
    raise UnsupportedType(f"not a picture of an accepted format; accepted: {ACCEPTED}")

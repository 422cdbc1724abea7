"""What the bytes of a picture say of themselves, checked before any decoder sees them.

One small checker for each format walks over the file's parts: their lengths have to add up, the
pixels have to be inside, and the data has to be enough for the size that is claimed. Nothing that
is allocated here grows with a length that a file claims.
"""

from collections.abc import Callable, Mapping
from typing import Final

from vision.errors import ImageError, TooLarge, Undecodable, UnsupportedType
from vision.structure import bmp, gif, jpeg, png, tiff, webp
from vision.structure.base import ACCEPTED, Format, Structure

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_SIGNATURES: Final[dict[bytes, Format]] = {
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_BIG_TIFF: Final = (b"II+\x00", b"MM\x00+")
_INSPECTORS: Final[Mapping[Format, Callable[[bytes, int], Structure]]] = {
    "PNG": png.inspect,
    "JPEG": jpeg.inspect,
    "WebP": webp.inspect,
    "BMP": bmp.inspect,
    "GIF": gif.inspect,
    "TIFF": tiff.inspect,
}


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Tell a picture's format by its first bytes and check its structure.

    Raises:
        UnsupportedType: Not a picture of an accepted format.
        Undecodable: Empty, damaged or cut short.
        TooLarge: Width times height is more than `max_pixels`.
    """
    return _INSPECTORS[format_of(data)](data, max_pixels)


def is_small(data: bytes, most_pixels: int) -> bool:
    """Whether a picture has at most so many pixels, or is refused soon; of PNG by its header."""
    try:
        kind = format_of(data)
        if kind == "PNG":
            return png.is_small(data, most_pixels)
        _INSPECTORS[kind](data, most_pixels)
    except TooLarge:
        return False
    except ImageError:
        return True
    return True


def format_of(data: bytes) -> Format:
    """Tell the format by the first bytes.

    Raises:
        UnsupportedType: Not a picture of an accepted format.
        Undecodable: There are no bytes.
    """
    if data.startswith(_PNG):  # the most frequent by far, where time counts
        return "PNG"
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if not data:
        raise Undecodable(f"the picture is empty; accepted: whole files of {ACCEPTED}")
    if data.startswith(_BIG_TIFF):
        raise UnsupportedType(f"BigTIFF is not accepted; accepted: {ACCEPTED}")
    raise UnsupportedType(f"not a picture of an accepted format; accepted: {ACCEPTED}")

"""From the bytes of a picture file to its pixels, safely.

The format is read from the bytes, never from a name; the size is read from the header, and refused
there, before anything is decoded. Pillow decodes: its formats can be limited to a list, its
headers are read without the pixels, and it knows what palettes, EXIF and CMYK mean.
"""

import io
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from artifact.errors import TooLarge, Undecodable, UnsupportedType

Pixels = NDArray[np.uint8]

_MAGIC: Final[dict[bytes, str]] = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
ACCEPTED: Final = ("PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF")
_WIDE_MODES: Final = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_WITH_EXIF: Final = frozenset({"PNG", "JPEG", "WEBP", "TIFF"})
_LYING: Final = frozenset({5, 6, 7, 8})  # EXIF orientations that swap width and height
_CHEAP_PIXELS: Final = 64 * 64
_PNG_SIZE: Final = struct.Struct(">16x2I")
# A JPEG is decoded to an eighth of its size for an eighth of the work; a digit in it is still
# many times larger than what the network sees.
_LONG_SIDE: Final = 1000
_MIDDLE_GREY: Final = 127


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may have.

    Attributes:
        max_bytes: Of the file.
        max_pixels: Width times height. The default takes the photographs of today's telephones.
    """

    max_bytes: int = 20_000_000
    max_pixels: int = 50_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 [H, W, C], C = 1 (grey) or 3 (RGB); upright, without transparency. May be
            smaller than the original by a whole factor.
        width: Of the original, upright.
        height: Of the original, upright.
    """

    pixels: Pixels
    width: int
    height: int


def decode(data: bytes, limits: Limits = Limits()) -> Picture:
    """Decode one picture; of an animation or of several pages, the first.

    Raises:
        UnsupportedType: The bytes are no image of an accepted format.
        Undecodable: The picture is damaged or cut short.
        TooLarge: It has more bytes or pixels than the limits allow.
    """
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"the picture has {len(data)} bytes; at most {limits.max_bytes} are accepted"
        )
    image = _open(data)
    _check_size(*image.size, limits)
    try:
        return _picture(image)
    except Exception as error:  # decoders raise anything at damaged data
        raise Undecodable(f"the {image.format} picture is damaged or cut short") from error


def is_cheap(data: bytes) -> bool:
    """Say from the header alone whether a picture takes far less than a millisecond.

    What cannot be decoded is cheap too: it is refused at once.
    """
    try:
        width, height = _size(data)
    except (UnsupportedType, Undecodable, TooLarge):
        return True
    return width * height <= _CHEAP_PIXELS


def _size(data: bytes) -> tuple[int, int]:
    if data.startswith(b"\x89PNG") and len(data) >= _PNG_SIZE.size:
        width, height = _PNG_SIZE.unpack_from(data)
        return width, height
    return _open(data).size


def _open(data: bytes) -> Image.Image:
    """Read the header."""
    found = _sniff(data)
    try:
        return Image.open(io.BytesIO(data), formats=[found])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooLarge("the picture has far more pixels than are accepted") from error
    except Exception as error:  # readers raise anything at damaged data
        raise Undecodable(f"the {found} picture is damaged or cut short") from error


def _sniff(data: bytes) -> str:
    for magic, name in _MAGIC.items():
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    what = "the bytes are no picture" if data else "there are no bytes"
    raise UnsupportedType(f"{what} of an accepted format; accepted: {', '.join(ACCEPTED)}")


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise TooLarge(
            f"the picture has {width} x {height} pixels; "
            f"at most {limits.max_pixels} in all are accepted"
        )


def _picture(image: Image.Image) -> Picture:
    width, height = image.size
    if image.format == "JPEG":
        shrink = max(1, max(width, height) // _LONG_SIDE)
        image.draft(None, (width // shrink, height // shrink))
    image.load()
    if image.format not in _WITH_EXIF:
        return Picture(_pixels(image), width, height)
    if image.getexif().get(ExifTags.Base.Orientation, 1) in _LYING:
        width, height = height, width
    return Picture(_pixels(ImageOps.exif_transpose(image)), width, height)


def _pixels(image: Image.Image) -> Pixels:
    """The pixels as grey or RGB, [H, W, 1 or 3]."""
    if image.has_transparency_data:
        return _over_ground(np.asarray(image.convert("RGBA")))
    if image.mode in _WIDE_MODES:
        return _narrow(np.asarray(image))[..., None]
    grey = image.mode in {"1", "L"}
    pixels = np.asarray(image.convert("L" if grey else "RGB"))
    return pixels[..., None] if grey else pixels


def _over_ground(rgba: Pixels) -> Pixels:
    """Lay a picture with alpha over the ground, black or white, on which it can be seen."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    drawn = rgba[..., :3]
    visible = float(alpha.sum())
    is_light = visible > 0 and float((drawn * alpha).sum()) > 3 * _MIDDLE_GREY * visible
    ground = 0 if is_light else 255
    return np.rint(drawn * alpha + ground * (1 - alpha)).astype(np.uint8)


def _narrow(wide: NDArray[np.generic]) -> Pixels:
    """More than eight bits a pixel to eight: 16 bits by their range, others by what they hold."""
    values = wide.astype(np.float64)
    if wide.dtype == np.uint16:
        low, high = 0.0, 65535.0
    else:
        low, high = float(values.min()), float(values.max())
    scaled = (values - low) / max(high - low, 1e-9) * 255
    return np.rint(scaled).astype(np.uint8)

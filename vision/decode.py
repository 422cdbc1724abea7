"""From the bytes of a picture to its pixels.

Formats are told by content and taken from a short list; sizes are read from the header and
refused before anything is decoded. OpenCV decodes plain PNG, four times as fast as Pillow for a
28x28 one, and refuses damaged ones as strictly. Pillow decodes the rest: it notices a JPEG that
is cut short (OpenCV fills it up with grey), reads orientation, palettes, CMYK and 16 bits, and is
as fast where it decodes a JPEG reduced.
"""

import contextlib
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from vision.errors import ImageError, TooLarge, Undecodable, UnsupportedType
from vision.pixels import Pixels, average_blocks
from vision.transparency import flatten

Format = Literal["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF"]
ACCEPTED: Final = "PNG, JPEG, WebP, BMP, GIF and TIFF"

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_SIGNATURES: Final[dict[bytes, Format]] = {
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_BOMBS: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_DETAIL = 400  # pixels: a picture is decoded reduced, but with a longer side of at least that
_CHEAP_BYTES = 16_384
_CHEAP_PIXELS = 64 * 64
_PNG_SIZE = struct.Struct(">II")
_PLAIN_PNG = frozenset({b"\x08\x00", b"\x08\x02", b"\x08\x04", b"\x08\x06"})  # 8 bits, no palette
_SPECIAL_CHUNKS = re.compile(b"tRNS|eXIf|acTL")  # transparency, orientation, animation
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_FULL_SCALES = (1.0, 255.0, 1023.0, 4095.0, 65535.0)  # unit floats; 8, 10, 12 and 16 bits
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused as too large.

    Attributes:
        max_bytes: Of the encoded picture.
        max_pixels: Width times height; decoding takes up to 12 bytes of memory for each.
    """

    max_bytes: int = 20 * 2**20
    max_pixels: int = 32_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture, upright, on opaque ground.

    Attributes:
        pixels: uint8 [H, W, C]; C is 1 for grey and 3 for RGB.
        width: Of the original picture, upright.
        height: Of the original picture, upright.
        scale: Pixels of the original per pixel of `pixels`, each way; 1 unless decoded reduced.
    """

    pixels: Pixels
    width: int
    height: int
    scale: int = 1


_DEFAULT_LIMITS: Final = Limits()


def is_cheap(data: bytes) -> bool:
    """Whether decoding and preprocessing, or refusing, takes no more than about a millisecond."""
    try:
        width, height = _size(data, _format(data)) if len(data) <= _CHEAP_BYTES else (0, 0)
    except (ImageError, *_BOMBS):
        return True
    return len(data) <= _CHEAP_BYTES and width * height <= _CHEAP_PIXELS


def decode(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Decode a picture, reduced where it is much larger than any network's input.

    Raises:
        UnsupportedType: Not a picture of an accepted format.
        Undecodable: Damaged or cut short.
        TooLarge: More bytes or pixels than the limits.
    """
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"the picture has {len(data):,} bytes; at most {limits.max_bytes:,} are accepted"
        )
    kind = _format(data)
    _check_size(data, kind, limits)
    if kind == "PNG" and _is_plain_png(data):
        return _decode_plain_png(data)
    return _decode_with_pillow(data, kind)


def _format(data: bytes) -> Format:
    if data.startswith(_PNG):  # the most frequent by far, where time counts
        return "PNG"
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    raise UnsupportedType(f"not a picture of an accepted format; accepted: {ACCEPTED}")


def _size(data: bytes, kind: Format) -> tuple[int, int]:
    if kind == "PNG" and data[12:16] == b"IHDR" and len(data) >= 24:
        return _PNG_SIZE.unpack_from(data, 16)
    with _opened(data, kind) as image:
        return image.size


def _check_size(data: bytes, kind: Format, limits: Limits) -> None:
    try:
        width, height = _size(data, kind)
    except _BOMBS as error:
        raise _too_many_pixels("far too many", limits) from error
    if width * height > limits.max_pixels:
        raise _too_many_pixels(f"{width:,} x {height:,}", limits)


def _too_many_pixels(number: str, limits: Limits) -> TooLarge:
    return TooLarge(
        f"the picture has {number} pixels; at most {limits.max_pixels:,} pixels are accepted"
    )


def _is_plain_png(data: bytes) -> bool:
    return data[12:16] == b"IHDR" and data[24:26] in _PLAIN_PNG and not _SPECIAL_CHUNKS.search(data)


def _decode_plain_png(data: bytes) -> Picture:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise _damaged("PNG") from error
    if pixels is None:
        raise _damaged("PNG")
    if pixels.ndim == 2:
        return _picture(pixels[..., None])
    to_rgb = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return _picture(cv2.cvtColor(pixels, to_rgb))


def _decode_with_pillow(data: bytes, kind: Format) -> Picture:
    with _opened(data, kind) as image:
        width, block = image.width, _block(image.size)
        image.draft(None, (image.width // block, image.height // block))  # JPEG: 1/2, 1/4 or 1/8
        drafted = round(width / image.width)
        return _picture(_pixels(_upright(image)), drafted)


@contextlib.contextmanager
def _opened(data: bytes, kind: Format) -> Iterator[Image.Image]:
    """Open with Pillow; what a damaged file makes it raise, until the end, is Undecodable."""
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            yield image
    except _BOMBS:
        raise
    except Exception as error:  # Pillow's decoders have no common root
        raise _damaged(kind) from error


def _damaged(kind: Format) -> Undecodable:
    return Undecodable(
        f"the picture is a {kind} file that is damaged or cut short; accepted: whole files of "
        f"{ACCEPTED}"
    )


def _upright(image: Image.Image) -> Image.Image:
    orientation = 1
    with contextlib.suppress(Exception):  # damaged EXIF spoils no picture
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _pixels(image: Image.Image) -> Pixels:
    """Bring every mode to 8 bits, [H, W, C]: grey, RGB or RGBA."""
    if image.mode in _DEEP_MODES:
        return _to_eight_bits(np.asarray(image))[..., None]
    if image.has_transparency_data:
        return np.asarray(image.convert("RGBA"))
    if image.mode in {"1", "L"}:
        return np.asarray(image.convert("L"))[..., None]
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _to_eight_bits(deep: NDArray[np.generic]) -> Pixels:
    """Scale by the smallest depth that holds the brightest pixel."""
    values = np.nan_to_num(deep.astype(np.float32))
    peak = float(values.max())
    depth = min((scale for scale in _FULL_SCALES if scale >= peak), default=peak)
    return np.clip(values * (255 / depth), 0, 255).astype(np.uint8)


def _picture(pixels: Pixels, scale: int = 1) -> Picture:
    """Put decoded pixels [H, W, C] on opaque ground and reduce them to what is needed."""
    height, width = pixels.shape[:2]
    block = _block((width, height))
    opaque = flatten(pixels, block) if pixels.shape[2] == 4 else average_blocks(pixels, block)
    return Picture(opaque, width * scale, height * scale, scale * block)


def _block(size: tuple[int, int]) -> int:
    return max(1, max(size) // _DETAIL)

"""From the bytes of a picture to its pixels.

The structure is checked before anything is decoded: format, size, and whether the file is whole.
OpenCV decodes plain PNG, four times as fast as Pillow for a 28x28 one, WebP in half of Pillow's
memory, and packed BMP, which Pillow unpacks in Python. Pillow decodes the rest: it notices a JPEG
that is cut short (OpenCV fills it up with grey), and gives it reduced. What is decoded is reduced
in bands, so that no second copy of a large picture is ever made.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.errors import TooLarge
from vision.orientation import upright
from vision.pixels import Box, Pixels, average_blocks, reduction
from vision.structure import inspect as inspect_structure
from vision.structure import is_small
from vision.structure.base import Structure, undecodable
from vision.transparency import on_opaque_ground, premultiply

_CHEAP_BYTES = 16_384
_CHEAP_PIXELS = 64 * 64
_CHEAP_MEMORY = _CHEAP_PIXELS * 24  # bytes: there is always so much
_BAND_PIXELS = 2**19  # that are converted at once
_BAND_BYTES = 24  # that converting a pixel takes at most, measured
_LAST_OF_SAME_SIDES = 4  # of the orientations: 5 to 8 exchange width and height
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_FULL_SCALES = (1.0, 255.0, 1023.0, 4095.0, 65535.0)  # unit floats; 8, 10, 12 and 16 bits


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused as too large."""

    max_bytes: int = 20 * 2**20  # of the encoded picture
    max_pixels: int = 64_000_000  # width times height
    max_memory: int = 2**30  # bytes that decoding may take beside the encoded picture


class Picture(NamedTuple):
    """A decoded picture, upright, on opaque ground.

    Attributes:
        scale: Pixels of the original per pixel of `pixels`, each way; 1 unless decoded reduced.
        transparent: The same before it was put on that ground, uint8 [H, W, 4], colours multiplied
            by their opacity; None where all of it is opaque.
    """

    pixels: Pixels  # uint8 [H, W, C]; C is 1 for grey and 3 for RGB
    width: int  # of the original picture, upright
    height: int  # of the original picture, upright
    scale: int = 1
    transparent: Pixels | None = None


_DEFAULT_LIMITS: Final = Limits()


def is_cheap(data: bytes) -> bool:
    """Whether decoding and preprocessing, or refusing, takes no more than about a millisecond."""
    return len(data) <= _CHEAP_BYTES and is_small(data, _CHEAP_PIXELS)


def decode(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> Picture:
    """Decode a picture, reduced where it is much larger than any network's input.

    Raises:
        UnsupportedType: Not a picture of an accepted format.
        Undecodable: Empty, damaged or cut short.
        TooLarge: More bytes, pixels or memory than the limits.
    """
    return decode_inspected(inspect(data, limits))


def inspect(data: bytes, limits: Limits = _DEFAULT_LIMITS) -> Structure:
    """Check a picture's structure and size before anything is decoded; raises as `decode` does."""
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"the picture has {len(data):,} bytes; at most {limits.max_bytes:,} are accepted"
        )
    structure = inspect_structure(data, limits.max_pixels)
    if structure.memory <= _CHEAP_MEMORY:
        return structure
    memory = memory_to_decode(structure)
    if memory > limits.max_memory:
        raise TooLarge(
            f"decoding {structure.width:,} x {structure.height:,} pixels of this {structure.kind} "
            f"picture takes {memory / 2**20:,.0f} MiB of memory; at most "
            f"{limits.max_memory / 2**20:,.0f} MiB are accepted: send fewer pixels"
        )
    return structure


def memory_to_decode(structure: Structure) -> int:
    """Give the bytes that decoding takes at most: the decoder's, a copy of the file, one band."""
    band = min(structure.pixels, _BAND_PIXELS) * _BAND_BYTES
    return structure.memory + sum(map(len, structure.parts)) + band


def decode_inspected(structure: Structure) -> Picture:
    """Decode a picture of sound structure.

    Raises:
        Undecodable: Damaged in a way that only decoding shows.
    """
    try:
        pixels, scale = (_with_opencv if structure.opencv else _with_pillow)(structure)
    except MemoryError:
        raise
    except Exception as error:  # the decoders have no common root
        raise undecodable(structure.kind) from error
    width, height = structure.width, structure.height
    if structure.orientation > 1:
        pixels = upright(pixels, structure.orientation)
        if structure.orientation > _LAST_OF_SAME_SIDES:
            width, height = height, width
    if pixels.shape[2] < 4:
        return Picture(pixels, width, height, scale)
    transparent = None if pixels[..., 3].min() == 255 else pixels
    return Picture(on_opaque_ground(pixels), width, height, scale, transparent)


def _with_opencv(structure: Structure) -> tuple[Pixels, int]:
    data = np.frombuffer(b"".join(structure.parts), np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.shape[:2] != (structure.height, structure.width):
        raise undecodable(structure.kind)
    is_small = structure.pixels <= _CHEAP_PIXELS  # nothing to reduce, and time counts
    if decoded.ndim == 2 and is_small:
        return decoded[..., None], 1
    colours = decoded[..., None] if decoded.ndim == 2 else decoded
    if is_small and colours.shape[2] == 3:
        return _in_rgb(colours), 1
    return _reduced(lambda box: _in_rgb(colours[box.window]), structure.width, structure.height)


def _in_rgb(colours: Pixels) -> Pixels:
    """Put OpenCV's order of colours, blue first, into the usual one; opacity is multiplied in."""
    if colours.shape[2] == 1:
        return colours
    if colours.shape[2] == 4:
        return premultiply(np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGRA2RGBA), np.uint8))
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_BGR2RGB), np.uint8)


def _with_pillow(structure: Structure) -> tuple[Pixels, int]:
    data = BytesIO(b"".join(structure.parts))
    with Image.open(data, formats=(structure.kind,)) as image:
        if image.size != (structure.width, structure.height):
            raise undecodable(structure.kind)
        block = reduction(*image.size)
        image.draft(None, (max(1, image.width // block), max(1, image.height // block)))  # JPEG
        image.load()
        drafted = round(max(structure.width, structure.height) / max(image.size))
        to_eight_bits = _scaling(image) if image.mode in _DEEP_MODES else _to_eight_bits
        pixels, scale = _reduced(lambda box: to_eight_bits(_part(image, box)), *image.size)
        return pixels, scale * drafted


def _part(image: Image.Image, box: Box) -> Image.Image:
    return image if box == (0, 0, *image.size) else image.crop(box)


def _to_eight_bits(image: Image.Image) -> Pixels:
    """Bring every mode of up to 8 bits to [H, W, C]: grey, RGB, or RGB by opacity and that."""
    if image.has_transparency_data:
        return premultiply(np.asarray(image.convert("RGBA")))
    if image.mode in {"1", "L"}:
        return np.asarray(image.convert("L"))[..., None]
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _scaling(image: Image.Image) -> Callable[[Image.Image], Pixels]:
    """Bring deeper modes to 8 bits by the smallest depth that holds the brightest pixel."""
    peak = max(float(_numbers(_part(image, box)).max()) for box in _bands(*image.size))
    depth = min((scale for scale in _FULL_SCALES if scale >= peak), default=peak)

    def to_eight_bits(part: Image.Image) -> Pixels:
        return np.clip(_numbers(part) * (255 / depth), 0, 255).astype(np.uint8)[..., None]

    return to_eight_bits


def _numbers(image: Image.Image) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray(image).astype(np.float32))


def _reduced(read: Callable[[Box], Pixels], width: int, height: int) -> tuple[Pixels, int]:
    """Average a picture over blocks, band by band.

    Args:
        read: Gives the part of the picture that a box holds, uint8 [H, W, 1, 3 or 4]; colours with
            opacity are multiplied by it.
        width: Of the picture.
        height: Of the picture.

    Returns:
        uint8 [H // block, W // block, 1, 3 or 4] and the side of a block.
    """
    block = reduction(width, height)
    parts = [average_blocks(read(box), block) for box in _bands(width, height)]
    pixels = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=int(width > height))
    return pixels, block


def _bands(width: int, height: int) -> list[Box]:
    """Cut a picture across its longer side into bands of whole blocks and limited pixels."""
    if width * height <= _BAND_PIXELS:
        return [Box(0, 0, width, height)]
    block = reduction(width, height)
    longer, shorter = max(width, height), min(width, height)
    step = max(1, _BAND_PIXELS // (shorter * block)) * block
    end = longer // block * block
    spans = [(start, min(start + step, end)) for start in range(0, end, step)]
    if width > height:
        return [Box(start, 0, end, height) for start, end in spans]
    return [Box(0, start, width, end) for start, end in spans]

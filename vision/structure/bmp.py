"""BMP: a file header, one of several information headers, a palette and rows of pixels."""

import struct
from collections.abc import Mapping
from typing import Final

from vision.structure.base import Structure, check_pixels, cut_short, damaged, unpack, unsupported

_FILE_HEADER: Final = struct.Struct("<2s8xI")  # where the pixels begin
_CORE: Final = struct.Struct(
    "<IHHHH"
)  # bytes of the information header, width, height, planes, bits
_INFO: Final = struct.Struct("<4xiiHHI12xI")  # ... compression, colours
_CORE_SIZE: Final = 12
_INFO_SIZES: Final = (40, 52, 56, 64, 108, 124)
_RAW, _RLE8, _RLE4, _BITFIELDS = range(4)
_BITS: Final[Mapping[int, tuple[int, ...]]] = {
    _RAW: (1, 4, 8, 16, 24, 32),
    _RLE8: (8,),
    _RLE4: (4,),
    _BITFIELDS: (16, 24, 32),
}
_ACCEPTED: Final = "1 to 32 bits a pixel, plain, RLE or bit fields"


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Check that the headers, the palette and every row are inside the file.

    Raises:
        UnsupportedType: A compression or a number of bits that is not accepted.
        Undecodable: Damaged or cut short.
        TooLarge: More pixels than `max_pixels`.
    """
    _, pixels = unpack(_FILE_HEADER, data, 0, "BMP")
    width, height, bits, compression, colours, palette = _information(data)
    if bits not in _BITS.get(compression, ()):
        raise unsupported("BMP", f"compression {compression} and {bits} bits a pixel", _ACCEPTED)
    if width <= 0 or not height:
        raise damaged("BMP", "it has no pixels")
    height = abs(height)
    check_pixels(width, height, max_pixels)
    if bits <= 8 and colours > 1 << bits:
        raise damaged("BMP", f"it has {colours} colours for {bits} bits a pixel")
    if not palette <= pixels <= len(data):
        raise cut_short("BMP") if pixels > len(data) else damaged("BMP", "its parts overlap")
    packed = compression in {_RLE8, _RLE4}
    row = (width * bits + 31) // 32 * 4
    if not packed and pixels + row * height > len(data):
        raise cut_short("BMP")
    kept = 6 if packed else 1 if bits <= 8 else 4  # bytes a pixel: OpenCV's, Pillow's
    return Structure("BMP", width, height, [data], memory=width * height * kept, opencv=packed)


def _information(data: bytes) -> tuple[int, int, int, int, int, int]:
    """Read width, height, bits, compression and colours, and where the palette may end at least."""
    start = _FILE_HEADER.size
    size, width, height, _, bits = unpack(_CORE, data, start, "BMP")
    if size == _CORE_SIZE:
        colours, entry, compression = 1 << bits if bits <= 8 else 0, 3, _RAW
    elif size in _INFO_SIZES:
        if start + size > len(data):
            raise cut_short("BMP")
        width, height, _, bits, compression, colours = _INFO.unpack_from(data, start)
        entry = 4
        if bits <= 8 and not colours:
            colours = 1 << bits
    else:
        raise unsupported("BMP", f"a header of {size} bytes", f"{_CORE_SIZE}, {_INFO_SIZES}")
    palette = colours * entry if bits <= 8 else 0
    return width, height, bits, compression, colours, start + size + palette

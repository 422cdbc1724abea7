"""PNG: chunks of a length, a name, data and a checksum; W3C's PNG specification."""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from vision.orientation import orientation_of
from vision.structure.base import MOST_PARTS, Structure, check_pixels, cut_short, damaged, unpack

_SIGNATURE: Final = 8  # bytes
_HEADER: Final = struct.Struct(">I4sIIBBBBBI")  # the first chunk, IHDR
_FIRST: Final = _SIGNATURE + _HEADER.size  # where the second chunk begins
_CHUNK: Final = struct.Struct(">I4s")  # length of the data, name
_NUMBER: Final = struct.Struct(">I")
_SIZE: Final = struct.Struct(">II")
_SIZE_AT: Final = 16
_FRAME: Final = 12  # bytes of a chunk besides its data
_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
_NEEDED: Final = frozenset({b"PLTE", b"tRNS", b"IDAT"})
_ANCILLARY: Final = 0x20  # in a name's first letter: a decoder may skip the chunk
_GREY, _INDEXED = 0, 3
_SAMPLES: Final = {_GREY: 1, 2: 3, _INDEXED: 1, 4: 2, 6: 4}  # of each type of colour
_BITS: Final = {  # of a pixel, by type of colour and depth
    **{(_GREY, depth): depth for depth in (1, 2, 4, 8, 16)},
    **{(_INDEXED, depth): depth for depth in (1, 2, 4, 8)},
    **{(colour, depth): depth * _SAMPLES[colour] for colour in (2, 4, 6) for depth in (8, 16)},
}
_TOO_LARGE: Final = 2**31
_MOST_INFLATED: Final = 1032  # bytes that one byte of deflate can become
_SMALL: Final = 64 * 64  # pixels: up to them OpenCV's decoder is several times as fast
_PIECE: Final = 1024  # bytes, which become a megabyte at most: in some milliseconds
# First column and row, then steps, of each pass of an interlaced picture.
_PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


class _Header(NamedTuple):
    """What the first chunk says."""

    width: int
    height: int
    depth: int  # bits of a sample
    colour: int  # the type
    is_plain: bool  # OpenCV decodes it several times as fast as Pillow
    inflated: int  # bytes of all rows


@dataclass(slots=True)
class _Chunks:
    """What the chunks after the first hold."""

    colours: list[memoryview] = field(default_factory=list)  # whole chunks: palette, transparency
    pixels: list[memoryview] = field(default_factory=list)  # compressed
    orientation: int = 1


def is_small(data: bytes, most_pixels: int) -> bool:
    """Whether the header, unchecked, says at most so many pixels, or is cut short."""
    if len(data) < _FIRST:
        return True
    width, height = _SIZE.unpack_from(data, _SIZE_AT)
    return bool(width * height <= most_pixels)


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Walk over the chunks; those that hold no pixels are left out, whatever is in them.

    Raises:
        Undecodable: Damaged or cut short.
        TooLarge: More pixels than `max_pixels`.
    """
    if len(data) < _FIRST:
        raise cut_short("PNG")
    width, height, depth, colour, is_plain, inflated = _read_header(data[:_FIRST])
    check_pixels(width, height, max_pixels)
    if is_plain and _has_pixels_alone(data):
        if len(data) > _PIECE:
            _check_rows([data[_FIRST + 8 : -16]], inflated)
        return Structure("PNG", width, height, (data,), 4 * width * height, 1, opencv=True)
    chunks = _walk(memoryview(data))
    if colour == _INDEXED and not chunks.colours:
        raise damaged("PNG", "it has no palette")
    stored = sum(map(len, chunks.pixels))
    if stored * _MOST_INFLATED < inflated:
        raise damaged("PNG", "it has too little data for its size")
    _check_rows(chunks.pixels, inflated)
    kept = 4 if colour not in {_GREY, _INDEXED} else 2 if depth == 16 else 1  # by Pillow, a pixel
    return Structure(
        "PNG",
        width,
        height,
        parts=[data[:_FIRST], *chunks.colours, *_one_chunk(chunks.pixels, stored), _END],
        memory=width * height * kept,
        orientation=chunks.orientation,
        opencv=is_plain and not chunks.colours,
    )


@lru_cache(maxsize=64)  # most clients send pictures of one size, and it is the same bytes each time
def _read_header(first: bytes) -> _Header:
    length, name, width, height, depth, colour, compression, filters, interlaced, checksum = (
        _HEADER.unpack_from(first, _SIGNATURE)
    )
    if length != 13 or name != b"IHDR" or zlib.crc32(first[12:29]) != checksum:
        raise damaged("PNG", "it does not begin with a whole IHDR chunk")
    bits = _BITS.get((colour, depth))
    if bits is None or compression or filters or interlaced > 1:
        raise damaged("PNG", "its header says what the format does not have")
    if not (0 < width < _TOO_LARGE and 0 < height < _TOO_LARGE):
        raise damaged("PNG", "it has no pixels")
    is_plain = depth == 8 and colour != _INDEXED and not interlaced and width * height <= _SMALL
    inflated = _inflated(width, height, bits, interlaced)
    return _Header(width, height, depth, colour, is_plain, inflated)


def _has_pixels_alone(data: bytes) -> bool:
    """Whether one whole chunk of pixels stands between the first and the last chunk."""
    end = len(data) - len(_END)
    if not (data.startswith(b"IDAT", _FIRST + 4) and data.endswith(_END)):
        return False
    (length,) = _NUMBER.unpack_from(data, _FIRST)
    if _FIRST + _FRAME + length != end:
        return False
    return zlib.crc32(data[_FIRST + 4 : end - 4]) == _NUMBER.unpack_from(data, end - 4)[0]


def _check_rows(compressed: Iterable[bytes | memoryview], inflated: int) -> None:
    """Check that the rows come out, no fewer and no more, piece by piece.

    Pillow leaves rows black that are missing, and OpenCV decompresses whatever is too much.
    """
    decompressor = zlib.decompressobj()
    count = 0
    try:
        for part in compressed:
            for at in range(0, len(part), _PIECE):
                count += len(decompressor.decompress(part[at : at + _PIECE]))
                if count > inflated:
                    raise damaged("PNG", "it has more pixels than its size")
    except zlib.error as error:
        raise damaged("PNG", "its pixels cannot be decompressed") from error
    if count < inflated:
        raise damaged("PNG", "it has fewer pixels than its size")


def _walk(view: memoryview) -> _Chunks:
    found = _Chunks()
    at = _FIRST
    for _ in range(MOST_PARTS):
        length, name = unpack(_CHUNK, view, at, "PNG")
        end = at + _FRAME + length
        if end > len(view):
            raise cut_short("PNG")
        if name == b"IEND":
            return found
        if name in _NEEDED:
            _keep(name, view[at:end], found)
        elif name == b"eXIf":
            found.orientation = orientation_of(view[at + 8 : end - 4])
        elif not name[0] & _ANCILLARY:
            raise damaged("PNG", "it has a chunk that no decoder knows")
        at = end
    raise damaged("PNG", "it has too many chunks")


def _keep(name: bytes, chunk: memoryview, found: _Chunks) -> None:
    if zlib.crc32(chunk[4:-4]) != _NUMBER.unpack(chunk[-4:])[0]:
        raise damaged("PNG", f"the checksum of a {name.decode()} chunk is wrong")
    if name == b"IDAT":
        found.pixels.append(chunk[8:-4])
        return
    if found.pixels or len(found.colours) == (name == b"tRNS") + 1:
        raise damaged("PNG", f"its {name.decode()} chunk is in the wrong place")
    found.colours.append(chunk)


def _one_chunk(pixels: list[memoryview], stored: int) -> list[bytes | memoryview]:
    """Put the data of all IDAT chunks into one."""
    checksum = zlib.crc32(b"IDAT")
    for part in pixels:
        checksum = zlib.crc32(part, checksum)
    return [_CHUNK.pack(stored, b"IDAT"), *pixels, _NUMBER.pack(checksum)]


def _inflated(width: int, height: int, bits: int, interlaced: int) -> int:
    """Bytes of the rows, each with one for its filter, of all passes."""
    if not interlaced:
        return height * (1 + (width * bits + 7) // 8)
    passes = (
        (-(-(width - left) // across), -(-(height - top) // down))
        for left, top, across, down in _PASSES
    )
    return sum(_inflated(*size, bits, 0) for size in passes if min(size) > 0)

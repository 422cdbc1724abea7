"""TIFF: a directory of tags that say where strips or tiles of pixels are. TIFF 6.0.

Only the first directory is used, and of it only the tags that say how to decode.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from vision.structure.base import (
    MOST_PARTS,
    Structure,
    check_pixels,
    cut_short,
    damaged,
    unpack,
    unsupported,
)

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _ORIENTATION, _SAMPLES, _ROWS, _STRIP_BYTES, _PLANAR = 273, 274, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_STRIP_TAGS: Final = (_STRIPS, _ROWS, _STRIP_BYTES)
_TILE_TAGS: Final = (_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES)
_BYTE, _SHORT, _LONG, _RATIONAL, _UNDEFINED = 1, 3, 4, 5, 7
_SIZES: Final = {_BYTE: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8, _UNDEFINED: 1}
_LETTERS: Final = {_BYTE: "B", _SHORT: "H", _LONG: "I"}
_NUMBERS: Final = (_SHORT, _LONG)


@dataclass(frozen=True, slots=True)
class _Tag:
    """What a tag may hold."""

    kinds: tuple[int, ...] = _NUMBERS  # of its values
    most: int = 1  # values it has at most


_MOST_SAMPLES: Final = 8
_SINGLE: Final = (
    *(_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _ROWS, _PLANAR),
    *(_TILE_WIDTH, _TILE_HEIGHT),
    *(266, 292, 293, 317, 531),  # bits' order, options of groups 3 and 4, predictor, YCbCr's place
)
_NEEDED: Final[Mapping[int, _Tag]] = {
    **dict.fromkeys(_SINGLE, _Tag()),
    **dict.fromkeys((_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES), _Tag(most=MOST_PARTS)),
    # 338: what extra samples are, 339: whether samples are whole numbers or floats.
    **dict.fromkeys((_BITS, 338, 339), _Tag(most=_MOST_SAMPLES)),
    320: _Tag(most=3 * 2**8),  # palette
    347: _Tag((_BYTE, _UNDEFINED), 2**16),  # tables of JPEG
    529: _Tag((_RATIONAL,), 3),  # of YCbCr: coefficients, subsampling, black and white
    530: _Tag(most=2),
    532: _Tag((_RATIONAL,), 6),
}
_PLAIN, _JPEG = 1, 7
_GROUP_3_AND_4: Final = (2, 3, 4)
# Bytes that one byte can become: LZW, deflate, PackBits, deflate under its old number.
_MOST_INFLATED: Final = {_PLAIN: 1, 5: 4096, 8: 1032, 32773: 128, 32946: 1032}
_ACCEPTED: Final = "no compression, LZW, deflate, PackBits, JPEG, CCITT group 3 and 4"
_JPEG_PIXELS: Final = 512  # that one byte can become, at a bit for a block


@dataclass(frozen=True, slots=True)
class _Directory:
    order: str  # "<" or ">"
    entries: Mapping[int, bytes]  # by tag, as they are in the file
    values: Mapping[int, Sequence[int]]

    def first(self, tag: int, default: int) -> int:
        return self.values[tag][0] if tag in self.values else default


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Read the first directory, and check that strips or tiles are inside the file and whole.

    Raises:
        UnsupportedType: A compression that is not accepted.
        Undecodable: Damaged or cut short.
        TooLarge: More pixels than `max_pixels`.
    """
    directory = _directory(data)
    width, height = directory.first(_WIDTH, 0), directory.first(_HEIGHT, 0)
    if not width or not height:
        raise damaged("TIFF", "it has no pixels")
    check_pixels(width, height, max_pixels)
    compression = directory.first(_COMPRESSION, _PLAIN)
    if compression not in {*_MOST_INFLATED, _JPEG, *_GROUP_3_AND_4}:
        raise unsupported("TIFF", f"compression {compression}", _ACCEPTED)
    bits, planes = _bits(directory)
    across, down, offsets, lengths = _segments(directory, width, height, planes)
    check_pixels(across, down, max_pixels)  # a tile may be larger than its picture
    if any(offset + length > len(data) for offset, length in zip(offsets, lengths, strict=True)):
        raise cut_short("TIFF")
    stored = sum(lengths)
    if stored > len(data):
        raise damaged("TIFF", "its parts overlap")
    _check_enough(compression, stored, width, height, bits)
    kept = (
        1 if bits <= 8 else 2 if bits == 16 and len(directory.values.get(_BITS, (1,))) == 1 else 4
    )
    segment = across * down * max(4, bits // 8)  # one is decoded at a time
    orientation = directory.first(_ORIENTATION, 1)
    return Structure(
        "TIFF",
        width,
        height,
        parts=_with_directory(data, directory),
        memory=width * height * kept + (segment if compression != _PLAIN else 0),
        orientation=orientation if 1 <= orientation <= 8 else 1,
    )


def _directory(data: bytes) -> _Directory:
    order = "<" if data[:2] == b"II" else ">"
    (start,) = unpack(struct.Struct(f"{order}I"), data, 4, "TIFF")
    (count,) = unpack(struct.Struct(f"{order}H"), data, start, "TIFF")
    entry = struct.Struct(f"{order}HHII")
    first = start + 2
    if first + count * entry.size > len(data):
        raise cut_short("TIFF")
    entries: dict[int, bytes] = {}
    values: dict[int, Sequence[int]] = {}
    for at in range(first, first + count * entry.size, entry.size):
        tag, kind, number, offset = entry.unpack_from(data, at)
        accepted = _NEEDED.get(tag)
        if accepted is None:
            continue
        if tag in entries or kind not in accepted.kinds or not 1 <= number <= accepted.most:
            if tag == _ORIENTATION:
                continue  # spoils no picture
            raise damaged("TIFF", f"its tag {tag} is not what the format has there")
        entries[tag] = data[at : at + entry.size]
        size = number * _SIZES[kind]
        place = at + 8 if size <= 4 else offset
        if place + size > len(data):
            raise cut_short("TIFF")
        if kind in _LETTERS:
            values[tag] = struct.unpack_from(f"{order}{number}{_LETTERS[kind]}", data, place)
    return _Directory(order, entries, values)


def _bits(directory: _Directory) -> tuple[int, int]:
    """Give the bits of a pixel, and the planes that the file keeps them in."""
    samples = directory.first(_SAMPLES, 1)
    bits = directory.values.get(_BITS, (1,))
    if not 1 <= samples <= _MOST_SAMPLES or max(bits) > 64:
        raise damaged("TIFF", f"it has {samples} samples of {max(bits)} bits a pixel")
    planar = directory.first(_PLANAR, 1)
    if planar not in {1, 2}:
        raise damaged("TIFF", "its pixels are neither together nor in planes")
    whole = sum(bits[:samples]) if len(bits) >= samples else bits[0] * samples
    return whole, samples if planar == 2 else 1


def _segments(
    directory: _Directory, width: int, height: int, planes: int
) -> tuple[int, int, Sequence[int], Sequence[int]]:
    """Give width and height of strips or tiles, and their offsets and lengths."""
    if _TILES in directory.values:
        across, down = directory.first(_TILE_WIDTH, 0), directory.first(_TILE_HEIGHT, 0)
        tags = _TILES, _TILE_BYTES
    else:
        across, down = width, min(directory.first(_ROWS, height), height)
        tags = _STRIPS, _STRIP_BYTES
    if not across or not down:
        raise damaged("TIFF", "its strips or tiles have no pixels")
    offsets, lengths = (directory.values.get(tag, ()) for tag in tags)
    expected = -(-width // across) * -(-height // down) * planes
    if len(offsets) != expected or len(lengths) != expected:
        raise damaged("TIFF", f"it has not the {expected} strips or tiles of its size")
    return across, down, offsets, lengths


def _check_enough(compression: int, stored: int, width: int, height: int, bits: int) -> None:
    if compression == _JPEG:
        enough = stored * _JPEG_PIXELS >= width * height
    elif compression in _GROUP_3_AND_4:
        enough = stored * 8 >= height  # a row takes at least a bit
    else:
        enough = stored * _MOST_INFLATED[compression] >= (width * bits + 7) // 8 * height
    if not enough:
        raise damaged("TIFF", "it has too little data for its size")


def _with_directory(data: bytes, directory: _Directory) -> list[bytes | memoryview]:
    """Write the tags that are needed into a directory of their own, after all else."""
    unused = {_ORIENTATION, *(_STRIP_TAGS if _TILES in directory.entries else _TILE_TAGS)}
    kept = [entry for tag, entry in sorted(directory.entries.items()) if tag not in unused]
    end = len(data) + len(data) % 2
    order = directory.order
    return [
        data[:4],
        struct.pack(f"{order}I", end),
        memoryview(data)[8:],
        bytes(len(data) % 2),
        struct.pack(f"{order}H", len(kept)),
        *kept,
        bytes(4),  # no further directory
    ]

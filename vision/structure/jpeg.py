"""JPEG: segments of a marker, a length and data, and scans of entropy-coded blocks. ITU-T T.81."""

import re
import struct
from dataclasses import dataclass, field
from typing import Final

from vision.orientation import orientation_of
from vision.pixels import reduction
from vision.structure.base import (
    MOST_PARTS,
    Structure,
    check_pixels,
    cut_short,
    damaged,
    unpack,
    unsupported,
)

_MARKER: Final = re.compile(rb"\xff+([^\xff])")
_AFTER_SCAN: Final = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")  # no stuffed byte, no restart
_LENGTH: Final = struct.Struct(">H")
_FRAME: Final = struct.Struct(">BHHB")  # bits, height, width, components
_SCAN, _END, _EXIF = 0xDA, 0xD9, 0xE1
_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Besides: Huffman and quantisation tables, restart interval, JFIF's and Adobe's colours.
_NEEDED: Final = _FRAMES | {_SCAN, 0xC4, 0xDB, 0xDD, 0xE0, 0xEE}
_COMPONENTS: Final = (1, 3, 4)
_COEFFICIENTS: Final = 64 * 2  # bytes of a block
_EOI: Final = bytes((0xFF, _END))
_ACCEPTED: Final = "baseline and progressive JPEG of 8 bits with Huffman coding"
_MOST_SCANS: Final = 100  # an encoder that optimises writes about twenty


@dataclass(slots=True)
class _Found:
    """What the segments so far said."""

    parts: list[bytes | memoryview] = field(default_factory=list)
    width: int = 0
    height: int = 0
    components: int = 0
    blocks: int = 0  # of 8 x 8 coefficients
    buffered: bool = False  # the decoder keeps all coefficients until the last scan
    scans: int = 0
    entropy: int = 0  # bytes of all scans
    orientation: int = 1


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Walk over the segments, from scan to scan, to the end of the picture.

    Raises:
        UnsupportedType: Arithmetic coding, 12 bits, lossless or hierarchical.
        Undecodable: Damaged or cut short.
        TooLarge: More pixels than `max_pixels`.
    """
    view = memoryview(data)
    found = _Found([view[:2]])
    at = 2
    for _ in range(MOST_PARTS):
        marker = _MARKER.match(data, at)
        if marker is None:
            # Some cameras leave the end marker out: the decoder notices where rows are missing.
            if at == len(data):
                break
            raise (
                cut_short("JPEG") if at + 1 == len(data) else damaged("JPEG", "a marker is missing")
            )
        code, start = marker[1][0], marker.end()
        if code == _END:
            found.parts.append(_EOI)
            break
        at = _segment_end(data, start)
        if code in _FRAMES:
            _read_frame(view[start + 2 : at], code, found)
            check_pixels(found.width, found.height, max_pixels)
        elif code == _SCAN:
            at = _read_scan(data, start, at, found)
        elif code == _EXIF and found.orientation == 1:
            found.orientation = orientation_of(view[start + 2 : at])
        if code in _NEEDED:
            found.parts.append(view[start - 2 : at])
    else:
        raise damaged("JPEG", "it has too many segments")
    return _structure(found)


def _segment_end(data: bytes, start: int) -> int:
    (length,) = unpack(_LENGTH, data, start, "JPEG")
    if length < 2:
        raise damaged("JPEG", "a segment is shorter than its length")
    if start + length > len(data):
        raise cut_short("JPEG")
    return start + int(length)


def _read_frame(frame: memoryview, code: int, found: _Found) -> None:
    if found.components:
        raise damaged("JPEG", "it has two sizes")
    if code not in {_BASELINE, _EXTENDED, _PROGRESSIVE}:
        raise unsupported("JPEG", "arithmetic, lossless or hierarchical coding", _ACCEPTED)
    if len(frame) < _FRAME.size:
        raise damaged("JPEG", "the segment with its size is too short")
    bits, height, width, components = _FRAME.unpack_from(frame)
    if bits != 8:
        raise unsupported("JPEG", f"{bits} bits", _ACCEPTED)
    if not width or not height:
        raise damaged("JPEG", "it has no pixels")
    if components not in _COMPONENTS or len(frame) != _FRAME.size + 3 * components:
        raise damaged("JPEG", f"it has {components} colours, not 1, 3 or 4")
    samplings = [(byte >> 4, byte & 15) for byte in frame[_FRAME.size + 1 :: 3]]
    if not all(1 <= across <= 4 and 1 <= down <= 4 for across, down in samplings):
        raise damaged("JPEG", "its sampling factors are not 1 to 4")
    widest, highest = (max(sides) for sides in zip(*samplings, strict=True))
    across, down = -(-width // (8 * widest)), -(-height // (8 * highest))
    found.width, found.height, found.components = width, height, components
    found.blocks = across * down * sum(wide * high for wide, high in samplings)
    found.buffered = code == _PROGRESSIVE


def _read_scan(data: bytes, start: int, end: int, found: _Found) -> int:
    """Skip the entropy-coded blocks that follow the segment; give where they end."""
    if not found.components:
        raise damaged("JPEG", "its pixels begin before its size is said")
    found.scans += 1
    if found.scans > _MOST_SCANS:
        raise damaged("JPEG", f"it has more than {_MOST_SCANS} scans")
    in_scan = data[start + _LENGTH.size] if end > start + _LENGTH.size else 0
    found.buffered |= in_scan < found.components
    marker = _AFTER_SCAN.search(data, end)
    after = len(data) if marker is None else marker.start()
    found.entropy += after - end
    return after


def _structure(found: _Found) -> Structure:
    if not found.scans:
        raise cut_short("JPEG")
    # Each block takes at least a bit of the first scan that has it.
    if found.entropy * 8 < found.blocks:
        raise damaged("JPEG", "it has too little data for its size")
    block = reduction(found.width, found.height)
    drafted = next(scale for scale in (8, 4, 2, 1) if scale <= block)  # by the decoder, each way
    pixels = -(-found.width // drafted) * -(-found.height // drafted)
    coefficients = found.blocks * _COEFFICIENTS if found.buffered else 0
    return Structure(
        "JPEG",
        found.width,
        found.height,
        parts=found.parts,
        memory=pixels * (1 if found.components == 1 else 4) + coefficients,
        orientation=found.orientation,
    )

"""GIF: blocks that begin with a byte each, data in sub-blocks. The GIF89a specification."""

import struct
from typing import Final

from vision.structure.base import MOST_PARTS, Structure, check_pixels, cut_short, damaged, unpack

_SCREEN: Final = struct.Struct("<6xHHBBB")  # width, height, flags, background, aspect
_IMAGE: Final = struct.Struct("<xHHHHB")  # left, top, width, height, flags
_HAS_PALETTE: Final = 0x80
_IMAGE_BLOCK, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B
_CONTROL: Final = 0xF9  # the extension that says which colour is transparent
_MOST_CODE_BITS: Final = 11  # of the first code: the longest has 12


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Walk over the blocks to the end of the first frame; nothing after it is read.

    Raises:
        Undecodable: Damaged or cut short.
        TooLarge: More pixels than `max_pixels`.
    """
    width, height, flags, _, _ = unpack(_SCREEN, data, 0, "GIF")
    check_pixels(width, height, max_pixels)
    view = memoryview(data)
    at = _SCREEN.size + _palette_bytes(flags)
    parts: list[bytes | memoryview] = [view[:at]]
    control = b""
    for _ in range(MOST_PARTS):
        if at + 2 > len(data):
            raise cut_short("GIF")
        if data[at] == _IMAGE_BLOCK:
            right, below, end = _image(data, at)
            parts += [control, view[at:end], bytes((_TRAILER,))]
            width, height = max(width, right), max(height, below)
            check_pixels(width, height, max_pixels)
            return Structure("GIF", width, height, parts, memory=2 * width * height)
        if data[at] == _TRAILER:
            raise damaged("GIF", "it has no frame")
        if data[at] != _EXTENSION:
            raise damaged("GIF", "it has a block of no known kind")
        if data[at + 1] == _CONTROL and data[at + 2 : at + 3] == b"\4":
            control = _plain_control(data[at : at + 8])
        at = _after_sub_blocks(data, at + 2)
    raise damaged("GIF", "it has too many extensions")


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & _HAS_PALETTE else 0


def _image(data: bytes, at: int) -> tuple[int, int, int]:
    """Check the frame that begins there; give its right and lower side and where it ends."""
    left, top, width, height, flags = unpack(_IMAGE, data, at, "GIF")
    if not width or not height:
        raise damaged("GIF", "its first frame has no pixels")
    at += _IMAGE.size + _palette_bytes(flags)
    if at >= len(data):
        raise cut_short("GIF")
    if not 1 <= data[at] <= _MOST_CODE_BITS:
        raise damaged("GIF", f"its first code has {data[at]} bits")
    return left + width, top + height, _after_sub_blocks(data, at + 1)


def _after_sub_blocks(data: bytes, at: int) -> int:
    """Skip sub-blocks, each of a length and so many bytes, to behind the empty one."""
    size = len(data)
    for _ in range(MOST_PARTS):
        if at >= size:
            raise cut_short("GIF")
        length = data[at]
        at += 1 + length
        if not length:
            return at
    raise damaged("GIF", "it has too many blocks")


def _plain_control(block: bytes) -> bytes:
    """Keep the transparent colour: what happens to the frame later needs memory for nothing."""
    return block[:3] + bytes((block[3] & 1, 0, 0, block[6], 0)) if len(block) == 8 else b""

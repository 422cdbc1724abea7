"""WebP: chunks of a name, a length and data in a RIFF file. RFC 9649."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from vision.orientation import orientation_of
from vision.structure.base import MOST_PARTS, Structure, check_pixels, cut_short, damaged

_RIFF: Final = struct.Struct("<4sI4s")
_CHUNK: Final = struct.Struct("<4sI")
_LOSSY: Final = struct.Struct("<3x3sHH")  # after the frame's tag: start code, width, height
_LOSSLESS: Final = struct.Struct("<BI")  # signature, then 14 bits each of width and height less 1
_CANVAS: Final = struct.Struct("<B3xHBHB")  # flags, then 24 bits each of width and height less 1
_FRAME: Final = struct.Struct("<HBHBHBHB4x")  # 24 bits each: left, top, width - 1, height - 1
_CANVAS_CHUNK: Final = _CHUNK.pack(b"VP8X", _CANVAS.size)
_NO_CANVAS: Final = (0, 0)
_ALPHA: Final = 0x10
_ANIMATED: Final = 0x02
_SIDE: Final = 0x3FFF
# Bytes that decoding takes for a pixel, measured: OpenCV's pixels and libwebp's; of a frame that
# does not fill its canvas, those of Pillow and of libwebp's canvases.
_STILL_BYTES, _COMPOSED_BYTES = 9, 18

_Chunk = tuple[bytes, bytes | memoryview]  # name, data


def inspect(data: bytes, max_pixels: int) -> Structure:
    """Walk over the chunks; a still file of the first picture is left.

    Raises:
        Undecodable: Damaged or cut short.
        TooLarge: More pixels than `max_pixels`.
    """
    if len(data) < _RIFF.size:
        raise cut_short("WebP")
    size = _canvas_size(data)
    check_pixels(*size, max_pixels)
    end = _RIFF.unpack_from(data)[1] + 8
    if end > len(data):
        raise cut_short("WebP")
    chunks = list(_chunks(memoryview(data)[_RIFF.size : end]))
    if not chunks:
        raise cut_short("WebP")
    if size == _NO_CANVAS:
        structure = _still(chunks[:1], None)
        check_pixels(structure.width, structure.height, max_pixels)
        return structure
    is_animated = chunks[0][1][0] & _ANIMATED
    structure = _animated(chunks, size) if is_animated else _still(chunks, size)
    exif = next((data for name, data in chunks if name == b"EXIF"), b"")
    return structure._replace(orientation=orientation_of(exif))


def _canvas_size(data: bytes) -> tuple[int, int]:
    """Read the size in a file's first chunk, if that is of a canvas."""
    first = _RIFF.size + _CHUNK.size
    if data[_RIFF.size : first] != _CANVAS_CHUNK:
        return _NO_CANVAS
    if len(data) < first + _CANVAS.size:
        raise cut_short("WebP")
    _flags, *sides = _CANVAS.unpack_from(data, first)
    return _sides(*sides)


def _chunks(view: memoryview) -> Iterator[_Chunk]:
    at, count = 0, 0
    while at < len(view):
        if at + _CHUNK.size > len(view):
            raise cut_short("WebP")
        name, length = _CHUNK.unpack_from(view, at)
        at += _CHUNK.size
        if at + length > len(view):
            raise cut_short("WebP")
        yield name, view[at : at + length]
        at += length + length % 2
        count += 1
        if count > MOST_PARTS:
            raise damaged("WebP", "it has too many chunks")


def _still(chunks: list[_Chunk], canvas: tuple[int, int] | None) -> Structure:
    """Leave the chunks of one picture; with its transparency, if that has its own."""
    bitmap = next(((n, d) for n, d in chunks if n in {b"VP8 ", b"VP8L"}), None)
    if bitmap is None:
        raise cut_short("WebP")
    name, data = bitmap
    size = _lossless_size(data) if name == b"VP8L" else _lossy_size(data)
    if canvas not in {None, size}:
        raise damaged("WebP", "its canvas and its picture have two sizes")
    alpha = next((chunk for chunk in chunks if chunk[0] == b"ALPH"), None)
    kept = (
        [(b"VP8X", _canvas(_ALPHA, size)), alpha, bitmap] if alpha and name == b"VP8 " else [bitmap]
    )
    return Structure(
        "WebP", *size, parts=_file(kept), memory=size[0] * size[1] * _STILL_BYTES, opencv=True
    )


def _animated(chunks: list[_Chunk], canvas: tuple[int, int]) -> Structure:
    """Leave the first frame: by itself if it fills the canvas."""
    frame = next((data for name, data in chunks if name == b"ANMF"), None)
    if frame is None or len(frame) < _FRAME.size:
        raise cut_short("WebP")
    left, left_high, top, top_high, *sides = _FRAME.unpack_from(frame)
    size = _sides(*sides)
    still = _still(list(_chunks(memoryview(frame)[_FRAME.size :])), size)
    if size == canvas:
        return still
    across, down = 2 * (left + (left_high << 16)), 2 * (top + (top_high << 16))
    if across + size[0] > canvas[0] or down + size[1] > canvas[1]:
        raise damaged("WebP", "its first frame is not inside its canvas")
    kept = [
        (b"VP8X", _canvas(_ALPHA | _ANIMATED, canvas)),
        (b"ANIM", bytes(6)),
        (b"ANMF", frame),
    ]
    memory = canvas[0] * canvas[1] * _COMPOSED_BYTES
    return Structure("WebP", *canvas, parts=_file(kept), memory=memory)


def _lossy_size(data: bytes | memoryview) -> tuple[int, int]:
    if len(data) < _LOSSY.size:
        raise cut_short("WebP")
    code, width, height = _LOSSY.unpack_from(data)
    if code != b"\x9d\x01\x2a" or data[0] & 1 or not (width & _SIDE and height & _SIDE):
        raise damaged("WebP", "its VP8 chunk does not begin with a key frame")
    return width & _SIDE, height & _SIDE


def _lossless_size(data: bytes | memoryview) -> tuple[int, int]:
    if len(data) < _LOSSLESS.size:
        raise cut_short("WebP")
    signature, bits = _LOSSLESS.unpack_from(data)
    if signature != 0x2F:
        raise damaged("WebP", "its VP8L chunk does not begin with its signature")
    return (bits & _SIDE) + 1, (bits >> 14 & _SIDE) + 1


def _sides(width: int, width_high: int, height: int, height_high: int) -> tuple[int, int]:
    return width + (width_high << 16) + 1, height + (height_high << 16) + 1


def _canvas(flags: int, size: tuple[int, int]) -> bytes:
    width, height = (side - 1 for side in size)
    return _CANVAS.pack(flags, width & 0xFFFF, width >> 16, height & 0xFFFF, height >> 16)


def _file(chunks: Sequence[_Chunk]) -> list[bytes | memoryview]:
    parts: list[bytes | memoryview] = []
    for name, data in chunks:
        parts += [_CHUNK.pack(name, len(data)), data, bytes(len(data) % 2)]
    length = len(b"WEBP") + sum(map(len, parts))
    return [_RIFF.pack(b"RIFF", length, b"WEBP"), *parts]

"""WebP: chunks of a name, a length and data in a RIFF file. RFC 9649."""

import struct
from collections.abc import Iterator, Sequence
from typing import Final

from vision.orientation import orientation_of
from vision.structure.base import MOST_PARTS, Structure, check_pixels, cut_short, damaged, unpack

_RIFF: Final = struct.Struct("<4sI4s")
_CHUNK: Final = struct.Struct("<4sI")
_LOSSY: Final = struct.Struct("<3x3sHH")  # after the frame's tag: start code, width, height
_LOSSLESS: Final = struct.Struct("<BI")  # signature, then 14 bits each of width and height less 1
_CANVAS: Final = struct.Struct("<B3x3s3s")  # flags, then 24 bits each of width and height less 1
_FRAME: Final = struct.Struct("<3s3s3s3s4x")  # 24 bits each: left, top, width - 1, height - 1
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
    _, length, _ = unpack(_RIFF, data, 0, "WebP")
    size = _canvas_size(data)
    check_pixels(*size, max_pixels)
    end = length + 8
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
    _, width, height = unpack(_CANVAS, data, first, "WebP")
    return _number(width) + 1, _number(height) + 1


def _chunks(view: memoryview) -> Iterator[_Chunk]:
    at, count = 0, 0
    while at < len(view):
        name, length = unpack(_CHUNK, view, at, "WebP")
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
    frame = next((data for name, data in chunks if name == b"ANMF"), b"")
    left, top, width, height = map(_number, unpack(_FRAME, frame, 0, "WebP"))
    size = width + 1, height + 1
    still = _still(list(_chunks(memoryview(frame)[_FRAME.size :])), size)
    if size == canvas:
        return still
    if 2 * left + size[0] > canvas[0] or 2 * top + size[1] > canvas[1]:
        raise damaged("WebP", "its first frame is not inside its canvas")
    kept = [
        (b"VP8X", _canvas(_ALPHA | _ANIMATED, canvas)),
        (b"ANIM", bytes(6)),
        (b"ANMF", frame),
    ]
    memory = canvas[0] * canvas[1] * _COMPOSED_BYTES
    return Structure("WebP", *canvas, parts=_file(kept), memory=memory)


def _lossy_size(data: bytes | memoryview) -> tuple[int, int]:
    code, width, height = unpack(_LOSSY, data, 0, "WebP")
    if code != b"\x9d\x01\x2a" or data[0] & 1 or not (width & _SIDE and height & _SIDE):
        raise damaged("WebP", "its VP8 chunk does not begin with a key frame")
    return width & _SIDE, height & _SIDE


def _lossless_size(data: bytes | memoryview) -> tuple[int, int]:
    signature, bits = unpack(_LOSSLESS, data, 0, "WebP")
    if signature != 0x2F:
        raise damaged("WebP", "its VP8L chunk does not begin with its signature")
    return (bits & _SIDE) + 1, (bits >> 14 & _SIDE) + 1


def _number(three_bytes: bytes) -> int:
    return int.from_bytes(three_bytes, "little")


def _canvas(flags: int, size: tuple[int, int]) -> bytes:
    return _CANVAS.pack(flags, *((side - 1).to_bytes(3, "little") for side in size))


def _file(chunks: Sequence[_Chunk]) -> list[bytes | memoryview]:
    parts: list[bytes | memoryview] = []
    for name, data in chunks:
        parts += [_CHUNK.pack(name, len(data)), data, bytes(len(data) % 2)]
    length = len(b"WEBP") + sum(map(len, parts))
    return [_RIFF.pack(b"RIFF", length, b"WEBP"), *parts]

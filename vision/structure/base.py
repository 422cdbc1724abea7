"""What every format's checker gives, and the words in which it refuses."""

import struct
from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple

from vision.errors import TooLarge, Undecodable, UnsupportedType

Format = Literal["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF"]
ACCEPTED: Final = "PNG, JPEG, WebP, BMP, GIF and TIFF"

# Of chunks, segments, blocks or tags: far more than any encoder writes, and walked over in
# some tens of milliseconds.
MOST_PARTS: Final = 100_000
# JPEG's own limit. Pillow keeps a pointer to every row, and lets nothing else run meanwhile.
_MAX_SIDE: Final = 65_535


class Structure(NamedTuple):
    """A picture whose structure is sound, still encoded.

    Attributes:
        parts: Of the file, one after the other a file of the same format with nothing in it but
            what the decoder needs: no text, profiles, thumbnails or later frames.
    """

    kind: Format  # the format
    width: int  # in pixels, as stored: before it is turned upright
    height: int  # in pixels, as stored
    parts: Sequence[bytes | memoryview]
    memory: int  # bytes that decoding takes at most, beside the file
    orientation: int = 1  # as EXIF has it, 1 to 8: how the stored pixels are turned upright
    opencv: bool = False  # whether OpenCV decodes it, rather than Pillow

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


def check_pixels(width: int, height: int, most: int) -> None:
    """Refuse a picture for its header alone, whatever follows.

    Raises:
        TooLarge: More pixels than that, or more on one side than any camera has.
    """
    if width * height > most:
        raise TooLarge(
            f"the picture has {width:,} x {height:,} pixels; at most {most:,} pixels are accepted"
        )
    if max(width, height) > _MAX_SIDE:
        raise TooLarge(
            f"the picture has {width:,} x {height:,} pixels; at most {_MAX_SIDE:,} on a side are "
            "accepted"
        )


def unpack(
    layout: struct.Struct, data: bytes | memoryview, at: int, kind: Format
) -> tuple[Any, ...]:  # Any: as struct's own
    """Read the fields that begin there.

    Raises:
        Undecodable: The file ends before them.
    """
    if at + layout.size > len(data):
        raise cut_short(kind)
    return layout.unpack_from(data, at)


def damaged(kind: Format, why: str) -> Undecodable:
    """Refuse a file that contradicts its format, and say where."""
    return undecodable(kind, f"damaged: {why}")


def cut_short(kind: Format) -> Undecodable:
    """Refuse a file that ends before the picture does."""
    return undecodable(kind, "cut short")


def undecodable(kind: Format, what: str = "damaged or cut short") -> Undecodable:
    """Refuse a file of an accepted format."""
    return Undecodable(
        f"the picture is a {kind} file that is {what}; accepted: whole files of {ACCEPTED}"
    )


def unsupported(kind: Format, what: str, accepted: str) -> UnsupportedType:
    """Refuse a variant of an accepted format."""
    return UnsupportedType(f"{kind} with {what} is not accepted; accepted: {accepted}")

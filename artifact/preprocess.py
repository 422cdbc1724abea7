"""From a decoded picture to what the network sees, and on to the numbers that it takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from artifact.geometry import is_normalised, normalise
from artifact.images import Picture
from artifact.ink import find_ink
from artifact.manifest import Input, Preprocess

Polarity = Literal["dark-on-light", "light-on-dark"]
Reason = Literal["blank", "several"]
Pixels = NDArray[np.uint8]
Box = tuple[int, int, int, int]

_MIDDLE_GREY = 127


@dataclass(frozen=True, slots=True)
class View:
    """What the network sees of a picture.

    Attributes:
        pixels: uint8 of the input's size, [H, W] for mode L, [H, W, 3] for RGB.
        box: Of the digit in the original picture, in its pixels: left, top, right, bottom, the
            last two exclusive. None where no digit was looked for or found.
        polarity: Of the digit; None as for the box.
        reason: Why this is no picture of one digit; None where it may be one.
    """

    pixels: Pixels
    box: Box | None = None
    polarity: Polarity | None = None
    reason: Reason | None = None


def view(picture: Picture, wanted: Input) -> View:
    """Make a picture what the network was trained on.

    Args:
        picture: As decoded, in its own size and colours.
        wanted: The manifest's input: size, mode, and which kind of preprocessing.
    """
    return _MODES[wanted.preprocess](picture, wanted)


def tensor(views: Sequence[View], wanted: Input) -> NDArray[np.float32]:
    """Stack N views to what the network takes: (pixels / 255 - mean) / std, [N, C, H, W]."""
    pixels = np.stack([seen.pixels for seen in views]).astype(np.float32)
    batch = pixels[:, None] if pixels.ndim == 3 else pixels.transpose(0, 3, 1, 2)  # noqa: PLR2004
    mean, std = (
        np.array(values, np.float32).reshape(1, -1, 1, 1) for values in (wanted.mean, wanted.std)
    )
    return np.ascontiguousarray((batch / np.float32(255) - mean) / std)


def _digit(picture: Picture, wanted: Input) -> View:
    """Find the ink and draw it as MNIST has it; MNIST's own pictures pass unchanged."""
    shape = wanted.shape[1:]
    ready = _as_it_is(picture, shape)
    if ready is not None:
        return ready
    ink = find_ink(_as_mode(picture.pixels, "RGB"))
    if ink is None:
        return View(np.zeros(shape, np.uint8), reason="blank")
    return View(
        normalise(ink.strength, shape),
        _in_original(ink.box, picture),
        "dark-on-light" if ink.dark else "light-on-dark",
    )


def _as_it_is(picture: Picture, shape: tuple[int, int]) -> View | None:
    """A picture that has MNIST's size and geometry already, in either polarity."""
    if picture.pixels.shape[:2] != shape:
        return None
    grey = _grey_of(picture.pixels)
    if grey is None:
        return None
    is_dark_ink = bool(grey[0, 0] > _MIDDLE_GREY)
    ink = np.bitwise_not(grey) if is_dark_ink else grey
    if not is_normalised(ink):
        return None
    left, top, width, height = cv2.boundingRect(ink)
    box = (left, top, left + width, top + height)
    return View(ink, box, "dark-on-light" if is_dark_ink else "light-on-dark")


def _grey_of(pixels: Pixels) -> Pixels | None:
    """The one channel [H, W] of a picture that is grey, however it is stored."""
    first = np.ascontiguousarray(pixels[..., 0])
    return first if (pixels == pixels[..., :1]).all() else None


def _resize(picture: Picture, wanted: Input) -> View:
    """Scale the whole picture, aspect kept, onto the middle of its own border's colour."""
    pixels = _as_mode(picture.pixels, wanted.mode)
    height, width = pixels.shape[:2]
    full_height, full_width = wanted.shape[1:]
    factor = min(full_height / height, full_width / width)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    scaled = np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
    top, left = (full_height - size[1]) // 2, (full_width - size[0]) // 2
    seen = np.empty((full_height, full_width, *pixels.shape[2:]), np.uint8)
    seen[...] = _border_colour(scaled)
    seen[top : top + size[1], left : left + size[0]] = scaled
    return View(seen)


def _border_colour(pixels: Pixels) -> NDArray[np.float64]:
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    return np.asarray(np.median(np.concatenate(edges), axis=0))


def _as_mode(pixels: Pixels, mode: Literal["L", "RGB"]) -> Pixels:
    """[H, W] for L, [H, W, 3] for RGB."""
    is_grey = pixels.shape[2] == 1
    if mode == "L":
        return pixels[..., 0] if is_grey else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)) if is_grey else pixels


def _in_original(box: Box, picture: Picture) -> Box:
    """A box in the decoded pixels as one in the original's."""
    height, width = picture.pixels.shape[:2]
    across, down = picture.width / width, picture.height / height
    left, top, right, bottom = box
    return round(left * across), round(top * down), round(right * across), round(bottom * down)


_MODES: dict[Preprocess, Callable[[Picture, Input], View]] = {"digit": _digit, "resize": _resize}

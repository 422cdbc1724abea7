"""From a decoded picture to what the network sees, and on to the numbers that it takes."""

from collections.abc import Sequence
from functools import cache
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.decode import Picture
from vision.digit.geometry import normalise, normalised_box
from vision.digit.ink import find_ink
from vision.input import Input
from vision.pixels import Box, Pixels
from vision.transparency import on_white

Polarity = Literal["dark-on-light", "light-on-dark"]
Reason = Literal["blank", "several"]

_LIGHT = 128  # of 255: a corner so light is light ground
_SMALL = 3 * 64 * 64  # numbers in a picture that is resized in no time


class View(NamedTuple):
    """What the network sees of a picture.

    Attributes:
        box: Of the digit in the original picture, in its pixels: left, top, right, bottom, the
            last two exclusive. None where none was looked for or found.
    """

    pixels: Pixels  # uint8 of the input's size: [H, W] for mode L, [H, W, 3] for RGB
    box: Box | None = None
    polarity: Polarity | None = None  # of the digit; None as for the box
    reason: Reason | None = None  # why this is no picture of one digit; None where it may be one


def view(picture: Picture, wanted: Input) -> View:
    """Make of a picture what the network was trained on, as the manifest's input says.

    `digit` finds the ink, whatever the ground, and draws it light on black in MNIST's size, place
    and stroke; a picture that is so already is passed on as it is. `resize` scales the whole
    picture into the input's size, and keeps its aspect; one of that size is passed on as it is.
    """
    return (_digit if wanted.preprocess == "digit" else _resize)(picture, wanted)


def view_at_once(picture: Picture, wanted: Input) -> View | None:
    """Give the same view, where making it takes some tens of microseconds; else None."""
    if wanted.preprocess == "digit":
        return _as_it_is(picture, wanted)
    return _resize(picture, wanted) if picture.pixels.size <= _SMALL else None


def tensor(views: Sequence[View], wanted: Input) -> NDArray[np.float32]:
    """Stack N views to what the network takes: (pixels / 255 - mean) / std, [N, C, H, W]."""
    channels, height, width = wanted.shape
    # Looked up: a pixel has one of 256 values, and so has what becomes of it.
    tables = _tables(wanted.mean, wanted.std)
    if channels == 1:
        # End to end, as rows of one tall picture: numpy has no cheaper way to put them together.
        pixels = views[0].pixels if len(views) == 1 else np.concatenate([v.pixels for v in views])
        return tables[0].take(pixels).reshape(-1, 1, height, width)
    pixels = np.stack([seen.pixels for seen in views])
    return np.stack([table.take(pixels[..., i]) for i, table in enumerate(tables)], axis=1)


@cache
def _tables(mean: tuple[float, ...], std: tuple[float, ...]) -> tuple[NDArray[np.float32], ...]:
    """What each of the 256 values of a pixel becomes, by channel."""
    values = np.arange(256, dtype=np.float32) / np.float32(255)
    pairs = zip(mean, std, strict=True)
    return tuple((values - np.float32(centre)) / np.float32(spread) for centre, spread in pairs)


def _digit(picture: Picture, wanted: Input) -> View:
    ready = _as_it_is(picture, wanted)
    if ready is not None:
        return ready
    size = wanted.shape[1:]
    ink = find_ink(_in_mode(picture.pixels, "RGB"))
    if ink is None:
        return View(_in_mode(np.zeros((*size, 1), np.uint8), wanted.mode), reason="blank")
    return View(
        _in_mode(normalise(ink.strength, size)[..., None], wanted.mode),
        _in_original(ink.box, picture),
        "dark-on-light" if ink.dark else "light-on-dark",
        "several" if ink.several else None,
    )


def _as_it_is(picture: Picture, wanted: Input) -> View | None:
    """Pass on, in the right polarity, what has MNIST's size, place and brightness already."""
    pixels = picture.pixels
    if pixels.shape[:2] != wanted.shape[1:]:
        return None
    grey = pixels[..., 0]
    if pixels.shape[2] > 1:
        if (pixels != pixels[..., :1]).any():
            return None
        grey = np.ascontiguousarray(grey)
    dark = grey.item(0) >= _LIGHT
    if dark:
        grey = 255 - grey
    box = normalised_box(grey)
    if box is None:
        return None
    polarity: Polarity = "dark-on-light" if dark else "light-on-dark"
    seen = grey if wanted.mode == "L" else _in_mode(grey[..., None], wanted.mode)
    return View(seen, box, polarity)


def _in_original(box: Box, picture: Picture) -> Box:
    left, top, right, bottom = box.times(picture.scale)
    return Box(left, top, min(right, picture.width), min(bottom, picture.height))


def _resize(picture: Picture, wanted: Input) -> View:
    pixels = picture.pixels
    if wanted.ground == "white" and picture.transparent is not None:
        pixels = on_white(picture.transparent)
    pixels = _in_mode(pixels, wanted.mode)
    size = wanted.shape[1:]
    return View(pixels if pixels.shape[:2] == size else _fit(pixels, size))


def _fit(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Scale to fit inside, and fill the rest with the border's median colour."""
    factor = min(to / now for to, now in zip(size, pixels.shape, strict=False))
    height, width = (max(1, round(factor * side)) for side in pixels.shape[:2])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(pixels, (width, height), interpolation=method)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    fitted = np.empty((*size, *pixels.shape[2:]), np.uint8)
    fitted[:] = np.median(border, axis=0)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    fitted[top : top + height, left : left + width] = scaled
    return fitted


def _in_mode(pixels: Pixels, mode: Literal["L", "RGB"]) -> Pixels:
    """Bring [H, W, 1 or 3] to [H, W] for mode L, [H, W, 3] for RGB."""
    if mode == "L":
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.shape[2] > 1 else pixels[..., 0]
        return np.asarray(grey, np.uint8)
    rgb = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if pixels.shape[2] == 1 else pixels
    return np.asarray(rgb, np.uint8)

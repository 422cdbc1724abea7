"""Transparent pictures put on an opaque ground on which their ink can be seen."""

import cv2
import numpy as np

from vision.pixels import Colours, Pixels, reduce

_SAMPLED = 128  # longest side, in pixels, of the picture that the ground is chosen by
_VARIED = 20.0  # standard deviation of one ink's colours, of 255, at most
_WHITE, _BLACK = np.full(3, 255, np.float32), np.zeros(3, np.float32)


def premultiply(rgba: Pixels) -> Pixels:
    """Multiply the colours of [H, W, 4] by their opacity: only so can pixels be averaged."""
    return np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2mRGBA), np.uint8)


def on_opaque_ground(premultiplied: Pixels) -> Pixels:
    """Put a picture [H, W, 4] on opaque ground: [H, W, 3].

    What shows through is white under dark strokes and black under light ones. Where the opaque
    part is most of the picture and has several colours, it brings its own ground: what shows
    through is then its most typical colour.
    """
    if premultiplied[..., 3].min() == 255:
        return np.ascontiguousarray(premultiplied[..., :3])
    return _lay(premultiplied, _ground(premultiplied))


def on_white(premultiplied: Pixels) -> Pixels:
    """Put a picture [H, W, 4] on white: [H, W, 3]."""
    return _lay(premultiplied, _WHITE)


def _lay(premultiplied: Pixels, ground: Colours) -> Pixels:
    ink = premultiplied[..., :3].astype(np.float32)
    alpha = premultiplied[..., 3:].astype(np.float32)
    return np.minimum(ink + ground * (1 - alpha / 255) + 0.5, 255).astype(np.uint8)


def _ground(premultiplied: Pixels) -> Colours:
    sample, _ = reduce(premultiplied, _SAMPLED)
    opacity = sample[..., 3].astype(np.float32) / 255
    opaque = opacity > 0.5
    if not opaque.any():
        opaque = opacity == opacity.max()
    colours = sample[opaque, :3] / np.maximum(opacity[opaque, None], 1 / 255)
    if opaque.mean() > 0.5 and float(colours.std(axis=0).max()) > _VARIED:
        return np.median(colours, axis=0).astype(np.float32)
    return _WHITE if colours.mean() < 128 else _BLACK

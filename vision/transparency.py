"""Transparent pictures put on an opaque ground on which their ink can be seen."""

import cv2
import numpy as np

from vision.pixels import Colours, Pixels, average_blocks, reduce

_SAMPLED = 128  # longest side, in pixels, of the picture that the ground is chosen by
_VARIED = 20.0  # standard deviation of one ink's colours, of 255, at most
_WHITE, _BLACK = np.full(3, 255, np.float32), np.zeros(3, np.float32)


def flatten(rgba: Pixels, block: int) -> Pixels:
    """Put a picture [H, W, 4] on opaque ground, averaged over blocks: [H // block, W // block, 3].

    What shows through is white under dark strokes and black under light ones. Where the opaque
    part is most of the picture and has several colours, it brings its own ground: what shows
    through is then its most typical colour.
    """
    if rgba[..., 3].min() == 255:
        return average_blocks(np.ascontiguousarray(rgba[..., :3]), block)
    premultiplied = cv2.cvtColor(rgba, cv2.COLOR_RGBA2mRGBA)
    reduced = average_blocks(np.asarray(premultiplied, np.uint8), block)
    ink, alpha = reduced[..., :3].astype(np.float32), reduced[..., 3:].astype(np.float32)
    behind = _ground(reduced) * (1 - alpha / 255)
    return np.minimum(ink + behind + 0.5, 255).astype(np.uint8)


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

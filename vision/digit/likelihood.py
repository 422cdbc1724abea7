"""How likely a group of pieces is the digit that a picture is about.

A digit is written with a pen: its strokes are thin for its size and end in an edge all along,
unlike a shadow, a glare, or what an estimate of the ground leaves over. It stands out from what
surrounds it, is not cut off by the picture's border, and lies where one would put it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from vision.digit.contrast import Contrast
from vision.digit.shapes import Group
from vision.pixels import Colours, Pixels, brightest

_AROUND = 0.3  # of the digit's longer side: what is taken for its surroundings
_STEP = 0.3  # of the ink's strength: a smaller difference is no edge
_LARGE = 0.3  # of the picture's longer side: a digit larger than that is as good
_CLEAREST = 30.0  # times the noise: ink stronger than that is as good
_WIDEST, _WIDEST_SLOPE = 0.26, 0.02  # half a stroke, as a share of the digit's longer side
_REACH = np.ones((5, 5), np.uint8)
_SQUARE = np.ones((3, 3), np.uint8)


def edges(pixels: Pixels) -> Pixels:
    """Find the largest difference in any colour within two pixels: [H, W] of [H, W, 3]."""
    return brightest(np.asarray(cv2.morphologyEx(pixels, cv2.MORPH_GRADIENT, _REACH)))


@dataclass(frozen=True, slots=True)
class Closeup:
    """A group of pieces and what surrounds it; all arrays are [h, w]."""

    group: Group  # the pieces
    mask: Pixels  # 1 where they are
    quiet: Pixels  # where there is no ink at all, neither theirs nor that of lines or other pieces
    strength: Pixels  # how strongly each pixel departs from the ground
    steps: Colours  # the picture's edges, in the same measure
    level: float  # the strength of the group's own ink
    widest: float  # half of the widest stroke, as a share of the group's longer side

    @classmethod
    def of(cls, group: Group, contrast: Contrast, ink: Pixels, steps: Colours) -> "Closeup":
        """Cut a group out of the mask of all ink [H, W] and the edges [H, W] of its picture."""
        region = group.around(_AROUND)
        window = region.window
        mask, strength = group.mask(region), contrast.strength[window]
        quiet = cv2.dilate(ink[window], _SQUARE) ^ 1
        level = float(np.median(strength[mask > 0]))
        padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_3)
        widest = float(depth.max()) / group.longest
        return cls(group, mask, quiet, strength, steps[window], level, widest)

    def likelihood(self) -> float:
        """Rate from 0 to 5.5; of digits in all kinds of pictures, 98% are rated above 2."""
        thin = 1 / (1 + np.exp((self.widest - _WIDEST) / _WIDEST_SLOPE))
        return self._clear() * self._sharp() ** 3 * self._alone() * self._placed() * thin

    def _clear(self) -> float:
        around = self.strength[self.quiet > 0].astype(np.float32)
        noise = float(np.sqrt(np.square(around).mean())) if around.size else 0.0
        return float(np.sqrt(min(self.level / (noise + 4), _CLEAREST)))

    def _sharp(self) -> float:
        inner = cv2.erode(self.mask, _SQUARE, borderType=cv2.BORDER_CONSTANT, borderValue=(1.0,))
        outline = self.mask > inner
        return float((self.steps[outline] > _STEP * self.level).mean()) if outline.any() else 0.0

    def _alone(self) -> float:
        window = self.group.around(_AROUND).window
        all_pieces = np.count_nonzero(self.group.pieces.labels[window])
        return float(np.sqrt(np.count_nonzero(self.mask) / all_pieces))

    def _placed(self) -> float:
        height, width = self.group.pieces.labels.shape
        box = self.group.box
        size = min(1.0, self.group.longest / max(height, width) / _LARGE)
        uncut = max(0.05, 1 - 1.3 * self.group.contact / (box.width + box.height))
        off = np.hypot(
            (box.left + box.right) / 2 / width - 0.5, (box.top + box.bottom) / 2 / height - 0.5
        )
        return float(np.sqrt(size) * uncut * (1 - 0.7 * off))

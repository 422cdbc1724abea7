"""How strongly each pixel departs from the ground, darker and lighter apart, in any hue."""

from dataclasses import dataclass

import cv2
import numpy as np

from vision.pixels import Colours, Pixels, brightest

FAINTEST = 10.0  # of 255: less than this is no ink
_EDGE = 0.45  # of the ink's strength: where its outline is drawn
_LIT = 200.0  # the luminance to which a shaded ground is brought
_DARKEST = 64.0  # a ground below it is dark by itself, not for want of light
_GAIN = (_LIT / np.maximum(np.arange(256), _DARKEST)).astype(np.float32)  # of each luminance
_DESCENDING = np.arange(255, -1, -1, dtype=np.float32)
_SAMPLED = 128  # pixels of the longest side, at least, by which the ink's colour is told
_STRONGEST = 0.004  # share of the pixels that tell the ink's colour


@dataclass(frozen=True, slots=True)
class Contrast:
    """One side of what departs from the ground."""

    strength: Pixels  # [H, W], 0 is ground
    gain: Colours  # [H, W], by which a difference of colours was multiplied to undo shade
    dark: bool  # whether this is the side darker than the ground

    def ink_level(self) -> float:
        """Estimate the strength of ink: the median of what reaches half of the strongest."""
        counts = _histogram(self.strength)
        strongest = _mean_of_top(counts, max(4, self.strength.size // 500))
        counts[: int(strongest / 2) + 1] = 0
        return float(np.searchsorted(np.cumsum(counts), counts.sum() / 2))

    def mask(self, level: float) -> Pixels:
        """Mark with 1 [H, W] where there is ink of that strength."""
        return (self.strength > max(_EDGE * level, FAINTEST / 2)).view(np.uint8)


def ink_axis(pixels: Pixels, ground: Pixels) -> Colours:
    """Find the direction in colour space [1, 3] in which the strongest pixels leave the ground."""
    sample = slice(None, None, 1 + max(pixels.shape[:2]) // _SAMPLED)
    difference = pixels[sample, sample].astype(np.float32) - ground[sample, sample]
    magnitude = brightest(np.abs(difference)).astype(np.uint8)
    strongest = _mean_of_top(_histogram(magnitude), max(8, int(_STRONGEST * magnitude.size)))
    departing = difference[magnitude >= max(1.0, 0.8 * strongest)]
    _, _, axes = cv2.eigen(cv2.mulTransposed(departing, aTa=True))
    axis = axes[:1]  # of the largest eigenvalue
    return np.asarray(axis if axis.sum() > 0 else -axis)


def contrasts(pixels: Pixels, ground: Pixels, axis: Colours) -> tuple[Contrast, Contrast]:
    """Split what departs from the ground into its darker and its lighter side.

    The sides are told apart along `axis`, so that ink as bright as its ground is not torn in two.
    Dark ink is measured against the light that falls on it, and so is as strong in shade.

    Args:
        pixels: [H, W, 3].
        ground: [H, W, 3].
        axis: From `ink_axis`.
    """
    magnitude = brightest(cv2.absdiff(pixels, ground))
    difference = cv2.subtract(pixels, ground, dtype=cv2.CV_16S)
    lighter = (cv2.transform(difference, 16 * axis) > 0).view(np.uint8)
    luminance = cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY)
    gain = cv2.LUT(luminance, _GAIN)
    darker = cv2.multiply(magnitude, gain, dtype=cv2.CV_8U) * (lighter ^ 1)
    return (
        Contrast(darker, gain, dark=True),
        Contrast(magnitude * lighter, np.ones_like(gain), dark=False),
    )


def _histogram(values: Pixels) -> Colours:
    counts = cv2.calcHist([values], [0], None, [256], [0, 256])
    return np.asarray(counts, np.float32).ravel()


def _mean_of_top(counts: Colours, number: int) -> float:
    """Average the `number` largest of the values that a histogram [256] counts."""
    from_top = np.minimum(np.cumsum(counts[::-1]), number)
    return float(np.diff(from_top, prepend=0) @ _DESCENDING) / number

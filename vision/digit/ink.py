"""Find the digit in a picture: what it is written on, and which pixels are its ink.

Candidates come from three estimates of the ground, and for each from the darker and the lighter
side of what departs from it. Each is a group of connected pieces; the likeliest is the digit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np

from vision.digit.contrast import FAINTEST, Contrast, contrasts, ink_axis
from vision.digit.ground import COARSE, canvases, even, uneven
from vision.digit.likelihood import Closeup, edges
from vision.digit.lines import LINE_SPAN, without_lines
from vision.digit.shapes import Group, Pieces
from vision.digit.sheet import find_sheet
from vision.pixels import Box, Colours, Pixels, average_blocks, reduce

_SEARCHED = (128, 256, 64)  # longest sides, in pixels, of the pictures that are searched
_COARSER = 0.8  # of two candidates alike, the one that was seen earlier is to be preferred
_FEWEST = 8  # pixels of the shorter side are searched at least
_SEARCHED_CLOSER = 192  # the same once more, around a small digit
_SMALL = 40  # pixels: a smaller digit is searched for once more, from closer
_CLOSER = 1.0  # of its longer side: what is then seen around it
_BEYOND = 0.4  # of its longer side: how much larger it may turn out to be
_CUT = 224  # longest side, in pixels, of the digit when it is cut out
_MAINS = 3  # pieces that are tried as a digit's main one
_CLEAR = 3.0  # a candidate on even ground that is likelier needs no comparison
_SLENDER = 0.13  # half of its widest stroke, as a share of its longer side, is then at most that
_UNEVEN = 0.85  # of two candidates alike, the one on even ground is to be preferred
_UNLIKELY = 0.8  # what is less likely than that is the ground's own noise
_CROPPED = 0.15  # the same of strong ink on a canvas, which has no noise: cropped closely, perhaps
_STRONG = 60.0  # of 255
_ON_SHEET = 2.0  # so likely is what is written on a sheet at least
_RING = 0.4  # a digit around it that is so much as likely makes a candidate its hole
_SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Ink:
    """A digit's ink, cut out of its picture."""

    strength: Pixels  # [h, w], 255 where the ink is full, 0 where there is none of this digit
    box: Box  # of the digit, in the picture's pixels
    dark: bool  # whether the ink is darker than the ground
    several: bool  # whether what is beside it looks like a digit as well


@dataclass(frozen=True, slots=True)
class _Ground:
    """An estimate of the ground on a coarse grid, and the colour in which ink departs from it."""

    coarse: Pixels
    axis: Colours

    def under(self, box: Box, shape: tuple[int, ...], size: tuple[int, ...]) -> Pixels:
        """Resample the part under a box of a picture of that shape to a height and width."""
        return _scale(_scale(self.coarse, shape)[box.window], size)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A group of pieces that may be the digit, and how strong its ink is on its ground."""

    group: Group
    ground: _Ground
    dark: bool
    level: float
    likelihood: float
    clear: bool


def find_ink(pixels: Pixels) -> Ink | None:
    """Find the digit in a picture [H, W, 3]; None where nothing stands out."""
    sheet = find_sheet(pixels)
    written = None if sheet is None else _search(sheet.pixels)
    if sheet and written and written[0].likelihood >= _ON_SHEET:
        ink = _measure(sheet.pixels, *written)
        return replace(ink, box=ink.box.moved(*sheet.box[:2]))
    found = _search(pixels)
    return None if found is None else _measure(pixels, *found)


def _measure(pixels: Pixels, found: _Candidate, block: int) -> Ink:
    if block > 1 and found.group.longest < _SMALL:
        return _from_closer(pixels, block, found)
    return _cut_out(pixels, block, found)


def _search(pixels: Pixels) -> tuple[_Candidate, int] | None:
    """Search in one size after the other, until a digit is clear.

    The first one serves most pictures; a larger one shows hairlines, a smaller one sees through
    noise and blur.

    Returns:
        The candidate, in pixels that are blocks of that side.
    """
    best: tuple[_Candidate, int] | None = None
    for block in _blocks(pixels.shape):
        found = _likeliest(average_blocks(pixels, block))
        if found is None:
            continue
        if found.clear:
            return found, block
        if best is None or _COARSER * found.likelihood > best[0].likelihood:
            best = found, block
    return best


def _blocks(shape: tuple[int, ...]) -> list[int]:
    """The sides of the blocks that make the searched pictures, each once."""
    longest, shortest = max(shape[:2]), min(shape[:2])
    most = max(1, shortest // _FEWEST)
    return list(dict.fromkeys(min(most, max(1, round(longest / side))) for side in _SEARCHED))


def _from_closer(pixels: Pixels, block: int, found: _Candidate) -> Ink:
    """Search once more around a small candidate; what is found must not reach far beyond it."""
    around = found.group.around(_CLOSER).times(block)
    part = pixels[around.window]
    searched, smaller_block = reduce(part, _SEARCHED_CLOSER)
    again = _likeliest(searched)
    if again is not None:
        ink = _cut_out(part, smaller_block, again)
        box = ink.box.moved(*around[:2])
        if found.group.around(_BEYOND).times(block).contains(box):
            return replace(ink, box=box, several=ink.several or found.group.has_rival())
    return _cut_out(pixels, block, found)


def _likeliest(pixels: Pixels) -> _Candidate | None:
    coarse, block = reduce(pixels, COARSE)
    coarse = np.asarray(cv2.GaussianBlur(coarse, (3, 3), 0)) if block > 1 else coarse
    steps = edges(pixels)
    drawn = _on_canvas(pixels, coarse.shape, steps)
    if drawn is not None:
        return drawn
    best = _best(_candidates(pixels, even(coarse), steps))
    if best is None or not best.clear:
        other = _best(_candidates(pixels, uneven(coarse), steps))
        if other and (best is None or _UNEVEN * other.likelihood > best.likelihood):
            best = other
    return best if best and best.likelihood >= _UNLIKELY else None


def _on_canvas(pixels: Pixels, shape: tuple[int, ...], steps: Pixels) -> _Candidate | None:
    grounds = canvases(pixels, shape)
    best = _best(chain.from_iterable(_candidates(pixels, ground, steps) for ground in grounds))
    if best is None or best.likelihood < (_CROPPED if best.level > _STRONG else _UNLIKELY):
        return None
    return replace(best, clear=True)


def _best(candidates: Iterator[_Candidate]) -> _Candidate | None:
    ranked = sorted(candidates, key=lambda candidate: candidate.likelihood, reverse=True)
    return next((each for each in ranked if not _is_hole(each, ranked)), None)


def _is_hole(inner: _Candidate, candidates: Sequence[_Candidate]) -> bool:
    """Whether it is the ground that shows through a digit such as 0, and not ink at all."""
    return any(
        outer.dark != inner.dark
        and outer.likelihood > _RING * inner.likelihood
        and outer.group.box != inner.group.box
        and outer.group.box.contains(inner.group.box)
        for outer in candidates
    )


def _candidates(pixels: Pixels, coarse: Pixels, steps: Pixels) -> Iterator[_Candidate]:
    full = _scale(coarse, pixels.shape)
    ground = _Ground(coarse, ink_axis(pixels, full))
    for contrast in contrasts(pixels, full, ground.axis):
        for closeup in _closeups(contrast, steps):
            group, level, likelihood = closeup.group, closeup.level, closeup.likelihood()
            clear = likelihood > _CLEAR and closeup.widest < _SLENDER
            yield _Candidate(group, ground, contrast.dark, level, likelihood, clear)


def _closeups(contrast: Contrast, steps: Pixels) -> Iterator[Closeup]:
    level = contrast.ink_level()
    if level < FAINTEST:
        return
    ink = contrast.mask(level)
    pieces = Pieces.of(ink)
    if pieces.longest_share() >= LINE_SPAN:
        pieces = Pieces.of(without_lines(ink))
    lit = cv2.multiply(contrast.gain, steps, dtype=cv2.CV_32F)
    order = pieces.by_prominence()
    for main in order[:_MAINS]:
        yield Closeup.of(pieces.gather(main, order), contrast, ink, lit)


def _cut_out(pixels: Pixels, block: int, found: _Candidate) -> Ink:
    """Measure the candidate's ink again, in the finest pixels that there are."""
    region = found.group.around(0.1)
    place = region.times(block)
    cut, scale = reduce(pixels[place.window], _CUT)
    ground = found.ground.under(region, found.group.pieces.labels.shape, cut.shape)
    darker, lighter = contrasts(cut, ground, found.ground.axis)
    contrast = darker if found.dark else lighter
    nearby = cv2.dilate(found.group.mask(region), _SQUARE)
    own = cv2.resize(nearby, cut.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    mask = contrast.mask(found.level) * own
    strength = contrast.strength * own
    level = float(np.median(strength[mask > 0])) if mask.any() else found.level
    x, y, width, height = cv2.boundingRect(mask)
    return Ink(
        strength=cv2.convertScaleAbs(strength, alpha=255 / level),
        box=Box(x, y, x + width, y + height).times(scale).moved(*place[:2]),
        dark=found.dark,
        several=found.group.has_rival(),
    )


def _scale(pixels: Pixels, size: tuple[int, ...]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size[1::-1], interpolation=cv2.INTER_LINEAR))

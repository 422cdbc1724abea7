"""A contact sheet: pictures as they were sent, beside what the network saw of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from research.robustness.scoring import PictureAnswer, see, worst_first
from training.figures.canvas import (
    BLUE,
    FADED,
    INK,
    PALE,
    RUST,
    VERMILION,
    WIDTH,
    bare,
    blank,
    styled,
)
from vision.decode import Picture
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import View

Pixels = NDArray[np.uint8]
Extent = tuple[float, float, float, float]

COLUMNS = 5
_BETWEEN = 0.06  # the two pictures of a card, in the side of one
_CARD = 2 + _BETWEEN
_GAP = 0.3  # between two cards
_LINE = 0.155  # height of a line of type, in inches
_LINES = 3
_CHARACTERS = 27  # of a line that fits below a card
_TYPE = 8.0
_MARGIN = 0.1
_TITLE_INCHES = 0.9

MOST_CARDS = 100

_THUMBNAIL = 160  # longest side, in pixels
_CERTAIN = 0.9995  # from here on, rounding would write 100%


@dataclass(frozen=True, slots=True)
class Card:
    """One picture and its answer.

    Attributes:
        original: [H, W, C], small enough to be drawn; None where it could not be decoded.
        box: Of the digit in the original, each side 0..1: left, top, right, bottom; None where
            none was found.
    """

    original: Pixels | None
    seen: Pixels | None  # by the network, [H, W] or [H, W, 3]; None likewise
    box: tuple[float, float, float, float] | None
    correct: bool
    answer: str  # in words, short
    name: str
    remark: str  # where it comes from, or why it was not accepted


@styled
def draw_contacts(cards: Sequence[Card], title: str) -> Figure:
    """Draw every card in its turn; those that are wrong are framed."""
    across = COLUMNS * _CARD + (COLUMNS - 1) * _GAP + 2 * _MARGIN
    inches = WIDTH / across  # of a picture's side
    line = _LINE / inches
    pitch = 1 + (_LINES + 0.9) * line
    rows = -(-len(cards) // COLUMNS)
    figure = blank(rows * pitch * inches + _TITLE_INCHES, title)
    axes = figure.subplots()
    bare(axes)
    for place, card in enumerate(cards):
        left = place % COLUMNS * (_CARD + _GAP)
        top = place // COLUMNS * pitch
        _draw_card(axes, card, left, top)
        _write(axes, card, left + _CARD / 2, top + 1 + 0.35 * line, line)
    axes.set_aspect("equal")
    axes.set_anchor("NW")
    axes.set_xlim(-_MARGIN, across - _MARGIN)
    axes.set_ylim(rows * pitch, -_MARGIN)
    return figure


def _draw_card(axes: Axes, card: Card, left: float, top: float) -> None:
    if card.original is not None and card.seen is not None:
        inner = _fit(card.original, left, top)
        _show(axes, card.original, inner)
        _show(axes, card.seen, _fit(card.seen, left + 1 + _BETWEEN, top))
        if card.box is not None:
            _outline(axes, _within(inner, card.box), BLUE, 0.8)
    else:
        axes.text(left + _CARD / 2, top + 0.5, "refused", color=RUST, ha="center", va="center")
    for start in (left, left + 1 + _BETWEEN):
        _outline(axes, (start, start + 1, top + 1, top), PALE, 0.5)
    if not card.correct:
        margin = 0.03
        frame = (left - margin, left + _CARD + margin, top + 1 + margin, top - margin)
        _outline(axes, frame, VERMILION, 2.2)


def _write(axes: Axes, card: Card, middle: float, top: float, line: float) -> None:
    words = (
        (card.answer, INK if card.correct else RUST),
        (card.name, FADED),
        (card.remark, FADED),
    )
    for place, (text, colour) in enumerate(words):
        y = top + place * line
        weight = "bold" if place == 0 and not card.correct else "normal"
        axes.text(
            middle, y, _short(text), color=colour, size=_TYPE, weight=weight, ha="center", va="top"
        )


def _short(text: str) -> str:
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"


def _fit(picture: Pixels, left: float, top: float) -> Extent:
    """Where a picture lies in the middle of a square of side 1, its aspect kept."""
    height, width = (side / max(picture.shape[:2]) for side in picture.shape[:2])
    x, y = left + (1 - width) / 2, top + (1 - height) / 2
    return x, x + width, y + height, y


def _within(extent: Extent, box: tuple[float, float, float, float]) -> Extent:
    left, right, bottom, top = extent
    width, height = right - left, bottom - top
    return (
        left + box[0] * width,
        left + box[2] * width,
        top + box[3] * height,
        top + box[1] * height,
    )


def _show(axes: Axes, picture: Pixels, extent: Extent) -> None:
    flat = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    axes.imshow(flat, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="nearest")


def _outline(axes: Axes, extent: Extent, colour: str, width: float) -> None:
    left, right, bottom, top = extent
    axes.add_patch(
        Rectangle(
            (left, top), right - left, bottom - top, fill=False, edgecolor=colour, linewidth=width
        )
    )


def draw_sheet(answers: Sequence[PictureAnswer], spec: Input, name: str) -> Figure:
    """Draw the wrong answers, then the correct ones that are least certain, 100 in all."""
    shown = choose(answers)
    wrong = sum(not answer.correct for answer in answers)
    amount = "all" if len(shown) == len(answers) else f"the worst {len(shown)}, by source in turn"
    title = (
        f"{name}\n{wrong:,} of {len(answers):,} wrong, framed; shown: {amount}\n"
        "left: as sent, and where the digit was found; right: as the network saw it"
    )
    return draw_contacts([_card(answer, spec) for answer in shown], title)


def choose(answers: Sequence[PictureAnswer], most: int = MOST_CARDS) -> list[PictureAnswer]:
    """Order by what deserves a look; of too many, take the worst of every source in turn."""
    ordered = worst_first(answers)
    if len(ordered) <= most:
        return ordered
    seen: Counter[str] = Counter()
    turns = []
    for answer in ordered:
        turns.append((answer.correct, seen[answer.sample.source]))
        seen[answer.sample.source] += 1
    first = sorted(range(len(ordered)), key=turns.__getitem__)[:most]
    return [ordered[place] for place in first]


def _card(answer: PictureAnswer, spec: Input) -> Card:
    picture, seen = _looked(answer, spec)
    return Card(
        original=_thumbnail(picture.pixels) if picture else None,
        seen=seen.pixels if seen else None,
        box=_share(seen.box, picture) if seen and seen.box and picture else None,
        correct=answer.correct,
        answer=_answer(answer),
        name=answer.sample.name,
        remark=_remark(answer),
    )


def _looked(answer: PictureAnswer, spec: Input) -> tuple[Picture | None, View | None]:
    """Decode once more: to keep every picture in memory would cost more."""
    try:
        return see(answer.sample, spec)
    except (ImageError, OSError):
        return None, None


def _thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    factor = _THUMBNAIL / max(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _share(box: tuple[int, int, int, int], picture: Picture) -> tuple[float, float, float, float]:
    """A box in the original's pixels, as shares of its sides."""
    left, top, right, bottom = box
    return (
        left / picture.width,
        top / picture.height,
        right / picture.width,
        bottom / picture.height,
    )


def _answer(answer: PictureAnswer) -> str:
    sample, prediction = answer.sample, answer.prediction
    if prediction is None:
        return f"true {sample.label}, refused"
    certain = prediction.probability >= _CERTAIN
    probability = ">99.9%" if certain else f"{prediction.probability:.1%}"
    if answer.correct:
        return f"{sample.label}  {probability}"
    return f"true {sample.label}, predicted {prediction.label}  {probability}"


def _remark(answer: PictureAnswer) -> str:
    if answer.prediction is None:
        return answer.refusal or ""
    if answer.prediction.reason:
        return f"not accepted: {answer.prediction.reason}"
    return answer.sample.source

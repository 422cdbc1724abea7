"""A contact sheet: pictures as they were sent, beside what the network saw of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Card:
    """One picture and its answer.

    Attributes:
        original: [H, W, C], small enough to be drawn; None where it could not be decoded.
        seen: By the network, [H, W] or [H, W, 3]; None likewise.
        box: Of the digit in the original, each side 0..1: left, top, right, bottom; None where
            none was found.
        right: Whether the answer is.
        answer: In words, short.
        name: Of the picture.
        remark: Where it comes from, or why it was not accepted.
    """

    original: Pixels | None
    seen: Pixels | None
    box: tuple[float, float, float, float] | None
    right: bool
    answer: str
    name: str
    remark: str


@styled
def draw_contacts(cards: Sequence[Card], title: str) -> Figure:
    """Draw every card in its turn; those that are not right are framed.

    Args:
        cards: At least one.
        title: Of the sheet.
    """
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
    if not card.right:
        margin = 0.03
        frame = (left - margin, left + _CARD + margin, top + 1 + margin, top - margin)
        _outline(axes, frame, VERMILION, 2.2)


def _write(axes: Axes, card: Card, middle: float, top: float, line: float) -> None:
    words = (
        (card.answer, INK if card.right else RUST),
        (card.name, FADED),
        (card.remark, FADED),
    )
    for place, (text, colour) in enumerate(words):
        y = top + place * line
        weight = "bold" if place == 0 and not card.right else "normal"
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

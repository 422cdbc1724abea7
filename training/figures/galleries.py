"""Pictures that a network got right or wrong."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from artifact.metrics import Example
from training.figures.canvas import (
    BLUE,
    FADED,
    GAP,
    INK,
    RUST,
    WIDTH,
    bare,
    blank,
    draw_tiles,
    short,
    styled,
)

Pixels = NDArray[np.uint8]
Caption = Sequence[tuple[str, str]]

CORRECT_COLUMNS = 10
WRONG_COLUMNS = 7
MOST_ROWS = 6
LONGEST_LABEL = 13  # characters
LINE = 0.16  # height of a line of a caption, in inches
CERTAIN = 0.9995  # from here on, rounding would write 100%


@styled
def draw_correct(examples: Sequence[Example], pixels: Pixels, total: int, name: str) -> Figure:
    """A gallery of right answers, each with its label, confidence and index."""
    shown = examples[: CORRECT_COLUMNS * MOST_ROWS]
    title = f"{name}: {len(shown)} of {total:,} right answers, drawn at random from each class"
    return _draw_gallery(shown, pixels, CORRECT_COLUMNS, _praise, title)


@styled
def draw_wrong(examples: Sequence[Example], pixels: Pixels, name: str) -> Figure:
    """A gallery of wrong answers: true label, predicted label, confidence, index."""
    shown = examples[: WRONG_COLUMNS * MOST_ROWS]
    amount = "all" if len(shown) == len(examples) else f"the first {len(shown)} of"
    title = f"{amount} {len(examples):,} wrong answers, the most confident first"
    if disputed := sum(example.disputed for example in examples):
        title += f"\npeople who look disagree with the label of {disputed}; they count all the same"
    if not examples:
        title = "not one wrong answer"
    return _draw_gallery(shown, pixels, WRONG_COLUMNS, _blame, f"{name}: {title}")


@styled
def draw_suspects(examples: Sequence[Example], pixels: Pixels, name: str) -> Figure:
    """Pictures [N] whose labels are likely wrong, in the order of the examples."""
    title = f"{name}: labels that are likely wrong, by their numbers in the table below"
    return _draw_gallery(examples, pixels, WRONG_COLUMNS, _blame, title)


def _praise(example: Example) -> Caption:
    label = "disputed label " if example.disputed else ""
    return [(f"{label}{short(example.true, LONGEST_LABEL)}", INK)]


def _blame(example: Example) -> Caption:
    label = "disputed label" if example.disputed else "true"
    return [
        (f"{label} {short(example.true, LONGEST_LABEL)}", BLUE),
        (f"predicted {short(example.predicted, LONGEST_LABEL)}", RUST),
    ]


def _confidence(example: Example) -> str:
    return f"{example.probability:.1%}" if example.probability < CERTAIN else ">99.9%"


def _draw_gallery(
    examples: Sequence[Example],
    pixels: Pixels,
    columns: int,
    caption: Callable[[Example], Caption],
    title: str,
) -> Figure:
    """Draw examples with their captions, below which stand confidence and index."""
    if not examples:
        return _draw_nothing(title)
    captions = [
        [*caption(each), (f"{_confidence(each)}  #{each.index}", FADED)] for each in examples
    ]
    tile = WIDTH / columns / (1 + GAP)
    line = LINE / tile
    room = line * len(captions[0])
    rows = -(-len(examples) // columns)
    lines_of_title = 1 + title.count("\n")
    figure = blank(rows * tile * (1 + GAP + room) + 0.25 + 0.25 * lines_of_title, title)
    axes = figure.subplots()
    pictures = [_picture(pixels[example.index]) for example in examples]
    feet = draw_tiles(axes, pictures, columns, room, cmap="gray", vmin=0, vmax=255)
    for (x, foot), lines in zip(feet, captions, strict=True):
        for place, (words, colour) in enumerate(lines):
            top = foot + (place + 0.25) * line
            axes.text(x, top, words, color=colour, size=8.5, ha="center", va="top")
    return figure


def _draw_nothing(title: str) -> Figure:
    figure = blank(1.4, title)
    axes = figure.subplots()
    bare(axes)
    axes.text(0.0, 0.5, "There is no picture to show.", color=FADED, va="center")
    return figure


def _picture(pixels: Pixels) -> Pixels:
    """[C, H, W] as `Axes.imshow` takes it: [H, W] of a grey picture, [H, W, 3] of a colour one."""
    return pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)

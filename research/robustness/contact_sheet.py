"""A contact sheet: pictures as they were sent, beside what the network saw of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont, ImageOps

from research.robustness.scoring import PictureAnswer, see, worst_first
from training.figures.canvas import BLUE, FADED, INK, PALE, RUST, VERMILION, short
from training.figures.typefaces import file_for
from training.outliers.writing import typeface
from vision.decode import Picture
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import View

COLUMNS = 5
MOST_CARDS = 100
WIDTH = 1500

# In pixels.
_SIDE = 130  # of a square that a picture lies in
_BETWEEN = 8  # the two squares of a card
_CARD = 2 * _SIDE + _BETWEEN
_PITCH = WIDTH // COLUMNS
_LINE = 20  # height of a line of type
_ROW = _SIDE + 4 * _LINE
_TITLE = 4 * _LINE
_MARGIN = (_PITCH - _CARD) // 2

_TYPE = 13  # size of what stands below a card
_CHARACTERS = 32  # of a line that fits below a card
_CERTAIN = 0.9995  # from here on, rounding would write 100%


def draw_sheet(answers: Sequence[PictureAnswer], spec: Input, name: str) -> Image.Image:
    """Draw the wrong answers, framed, then the correct ones that are least certain, 100 in all."""
    shown = choose(answers)
    title = heading(answers, len(shown), spec, name)
    rows = -(-len(shown) // COLUMNS)
    sheet = Image.new("RGB", (WIDTH, _TITLE + rows * _ROW), "white")
    draw = ImageDraw.Draw(sheet)
    draw.multiline_text((_MARGIN, _LINE // 2), title, INK, typeface("DejaVuSans-Bold", 16))
    for place, answer in enumerate(shown):
        row, column = divmod(place, COLUMNS)
        corner = column * _PITCH + _MARGIN, _TITLE + row * _ROW + _LINE // 2
        sheet.paste(_card(answer, spec), corner)
        _write(draw, caption(answer), corner, correct=answer.correct)
    return sheet


def heading(answers: Sequence[PictureAnswer], shown: int, spec: Input, name: str) -> str:
    """What the sheet shows of so many answers, and what stands on either side of a card."""
    wrong = sum(not answer.correct for answer in answers)
    amount = "all" if shown == len(answers) else f"the worst {shown}, by source in turn"
    found = ", and where the digit was found" if spec.preprocess == "digit" else ""
    return (
        f"{name}\n{wrong:,} of {len(answers):,} wrong, framed; shown: {amount}\n"
        f"left: as sent{found}; right: as the network saw it"
    )


def choose(answers: Sequence[PictureAnswer], most: int = MOST_CARDS) -> list[PictureAnswer]:
    """Order by what deserves a look; of too many, take the worst of every source in turn."""
    ordered = worst_first(answers)
    if len(ordered) <= most:
        return ordered
    turns: dict[str, Iterator[int]] = defaultdict(count)  # of each source: 0, 1, 2 ...
    ordered.sort(key=lambda answer: (answer.correct, next(turns[answer.sample.source])))
    return ordered[:most]


def caption(answer: PictureAnswer) -> tuple[str, str, str]:
    """Answer, name, and where the picture comes from or why it was not accepted."""
    sample = answer.sample
    if answer.predicted is None:
        return f"true {sample.label}, refused", sample.name, answer.reason or ""
    certain = answer.probability >= _CERTAIN
    probability = ">99.9%" if certain else f"{answer.probability:.1%}"
    named = sample.label if answer.correct else f"true {sample.label}, predicted {answer.predicted}"
    remark = f"not accepted: {answer.reason}" if answer.reason else sample.source
    return f"{named}  {probability}", sample.name, remark


def _card(answer: PictureAnswer, spec: Input) -> Image.Image:
    """Two squares side by side, framed where the answer is wrong."""
    card = Image.new("RGB", (_CARD, _SIDE), "white")
    draw = ImageDraw.Draw(card)
    try:
        # Once more: to keep every picture in memory would cost more.
        picture, view = see(answer.sample, spec)
    except (ImageError, OSError):
        draw.text((_CARD / 2, _SIDE / 2), "refused", RUST, typeface("DejaVuSans", 14), anchor="mm")
    else:
        card.paste(_original(picture, view), (0, 0))
        card.paste(_square(view.pixels), (_SIDE + _BETWEEN, 0))
    for left in (0, _SIDE + _BETWEEN):
        draw.rectangle((left, 0, left + _SIDE - 1, _SIDE - 1), outline=PALE)
    if not answer.correct:
        draw.rectangle((0, 0, _CARD - 1, _SIDE - 1), outline=VERMILION, width=4)
    return card


def _original(picture: Picture, view: View) -> Image.Image:
    """The picture as it was sent, with the box of the digit that was found."""
    square = _square(picture.pixels)
    if view.box is not None:
        scale = _SIDE / max(picture.width, picture.height)
        left, top = ((_SIDE - scale * side) / 2 for side in (picture.width, picture.height))
        x, y, right, bottom = (scale * side for side in view.box)
        box = (left + x, top + y, left + right, top + bottom)
        ImageDraw.Draw(square).rectangle(box, outline=BLUE)
    return square


def _square(pixels: NDArray[np.uint8]) -> Image.Image:
    """Pixels [H, W], [H, W, 1] or [H, W, 3], as large as they fit into a square."""
    flat = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    image = Image.fromarray(flat).convert("RGB")
    method = Image.Resampling.BOX if max(image.size) > _SIDE else Image.Resampling.NEAREST
    return ImageOps.pad(image, (_SIDE, _SIDE), method, color="white")


def _write(
    draw: ImageDraw.ImageDraw, lines: Sequence[str], corner: tuple[int, int], *, correct: bool
) -> None:
    left, top = corner
    for place, line in enumerate(lines):
        shown = short(line, _CHARACTERS)
        colour = FADED if place else INK if correct else RUST
        middle = left + _CARD / 2, top + _SIDE + place * _LINE + _LINE / 3
        font = _font(shown, "DejaVuSans" if correct or place else "DejaVuSans-Bold")
        draw.text(middle, shown, ImageColor.getrgb(colour), font, anchor="ma")


def _font(line: str, usual: str) -> ImageFont.FreeTypeFont:
    """Class names of any script in what is installed; boxes where nothing has their characters."""
    file = file_for(line)
    return typeface(usual, _TYPE) if file is None else ImageFont.truetype(file, _TYPE)

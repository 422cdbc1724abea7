"""Letters of the fonts that Matplotlib brings along, slanted and turned as people write."""

from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.outliers.canvas import Pixels, empty, inked
from training.outliers.sources import Part, pick

# Anybody reads these as a digit when they stand alone: 0, 1, 2, 5, 6, 8, 9.
LOOK_LIKE_DIGITS = frozenset("OoQDIliZzSsGbBgq")
LETTERS: dict[Part, tuple[str, ...]] = {
    "fitting": tuple("ACEHKMPTVXacdehkmpt"),
    "held-out": tuple("FJLNRUWYfjnruvwxy"),
}
FONTS: dict[Part, tuple[str, ...]] = {
    "fitting": (
        "DejaVuSans",
        "DejaVuSans-Bold",
        "DejaVuSans-Oblique",
        "DejaVuSansMono",
        "DejaVuSerif",
        "DejaVuSerif-Italic",
    ),
    "held-out": (
        "STIXGeneral",
        "STIXGeneralBol",
        "STIXGeneralItalic",
        "cmr10",
        "cmss10",
        "cmti10",
        "cmtt10",
    ),
}
_SLANT = 0.25  # horizontal shift per unit of height, to either side
_TURN = 12.0  # degrees to either side


def draw_letter(rng: np.random.Generator, part: Part) -> Pixels:
    """Draw one letter, [S, S, 3]."""
    return draw_glyph(rng, pick(rng, LETTERS, part), pick(rng, FONTS, part))


def draw_glyph(rng: np.random.Generator, text: str, font: str) -> Pixels:
    """Draw a character of a font, [S, S, 3]."""
    side = len(empty(rng))
    glyph = Image.new("L", (side, side))
    size = int(rng.uniform(0.45, 0.75) * side)
    middle = (side / 2, side / 2)
    ImageDraw.Draw(glyph).text(middle, text, fill=255, font=_font(font, size), anchor="mm")
    slant = rng.uniform(-_SLANT, _SLANT)
    slanted = glyph.transform(
        glyph.size,
        Image.Transform.AFFINE,
        (1, slant, -slant * side / 2, 0, 1, 0),
        Image.Resampling.BILINEAR,
    )
    turned = slanted.rotate(rng.uniform(-_TURN, _TURN), Image.Resampling.BILINEAR)
    return inked(rng, np.asarray(turned))


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    path = Path(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf")
    return ImageFont.truetype(str(path), size)

"""The paper that every figure is drawn on: size, colours, type, and how it becomes a PNG."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

# Okabe and Ito's palette: told apart with any kind of colour vision.
BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
PALETTE = (BLUE, VERMILION, GREEN, "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
RUST = "#A84A00"  # vermilion, dark enough for type
INK, FADED, PALE = "#222222", "#767676", "#E6E6E6"

WIDTH = 10.0  # inches; at 100 px an inch, the width of a web page's column
DPI = 150

styled = mpl.rc_context(
    {
        "axes.edgecolor": FADED,
        "axes.labelcolor": INK,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "figure.titlesize": 13,
        "figure.constrained_layout.h_pad": 0.1,
        "figure.constrained_layout.w_pad": 0.1,
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "text.color": INK,
        "text.parse_math": False,  # a class may be called "$5"
        "xtick.color": FADED,
        "xtick.labelcolor": INK,
        "ytick.color": FADED,
        "ytick.labelcolor": INK,
    }
)

GAP = 0.12  # between two tiles, in their width


def blank(height: float, title: str) -> Figure:
    """A figure of the common width, with its title at the upper left."""
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    return figure


def short(name: str, most: int) -> str:
    """A name of a class, cut where it has more characters than that."""
    return name if len(name) <= most else f"{name[: most - 1]}…"


def bare(axes: Axes) -> None:
    """Take ticks and frame away, where the picture speaks for itself."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


@styled
def png(figure: Figure) -> bytes:
    """Encode a figure: the same picture gives the same bytes, and they name no maker."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def draw_tiles(
    axes: Axes,
    pictures: Sequence[NDArray[np.generic]],
    columns: int,
    caption: float = 0.0,
    **style: Any,  # as `Axes.imshow` has them
) -> list[tuple[float, float]]:
    """Draw pictures as squares of side 1, row by row from the upper left.

    Args:
        axes: Loses its ticks and frame.
        pictures: As `Axes.imshow` takes them.
        columns: Tiles in a full row.
        caption: Room below each tile, in its width.
        **style: Passed on to `Axes.imshow`.

    Returns:
        The middle of the lower edge of each tile, where a caption begins.
    """
    rows = -(-len(pictures) // columns)
    feet = []
    for place, picture in enumerate(pictures):
        left = place % columns * (1 + GAP)
        top = place // columns * (1 + GAP + caption)
        axes.imshow(picture, extent=(left, left + 1, top + 1, top), **style)
        axes.add_patch(Rectangle((left, top), 1, 1, fill=False, edgecolor=FADED, linewidth=0.4))
        feet.append((left + 0.5, top + 1))
    bare(axes)
    axes.set_anchor("N")
    axes.set_xlim(-GAP / 2, columns * (1 + GAP) - GAP / 2)
    axes.set_ylim(rows * (1 + GAP + caption) - GAP / 2, -GAP / 2)
    return feet

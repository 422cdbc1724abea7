"""Many small pictures in rows on one axes."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from training.figures.canvas import FADED, bare

GAP = 0.12  # between two tiles, in their width


def draw_tiles(
    axes: Axes,
    pictures: Sequence[NDArray[Any]],
    columns: int,
    caption: float = 0.0,
    **style: Any,
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

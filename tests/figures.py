"""Figures, read by what is drawn and written in them."""

import io

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image


def words(figure: Figure) -> list[str]:
    """All that is written within the axes of a figure."""
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def title(figure: Figure) -> str:
    return figure.get_suptitle()


def tick_names(axis: Axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def decode(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def greys() -> NDArray[np.uint8]:
    """Eighty pictures, each of one grey that is its index."""
    return np.broadcast_to(np.arange(80, dtype=np.uint8)[:, None, None, None], (80, 1, 8, 8)).copy()

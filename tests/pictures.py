"""Folders of small pictures, drawn by code: every picture differs from every other."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def draw(path: Path, shape: int, number: int, side: int = 24) -> None:
    """A ring, a stroke or a bar, in colours and a place that its number decides."""
    random = np.random.default_rng((shape, number))
    ground, ink = (tuple(map(int, random.integers(*span, 3))) for span in ((200, 255), (0, 90)))
    low, high = (int(place) for place in random.integers((2, side - 6), (6, side - 2)))
    picture = Image.new("RGB", (side, side), ground)
    canvas = ImageDraw.Draw(picture)
    if shape % 3 == 0:
        canvas.ellipse((low, low, high, high), outline=ink, width=3)
    elif shape % 3 == 1:
        canvas.line((low, low, high, high), fill=ink, width=3)
    else:
        canvas.rectangle((low, side // 2 - 2, high, side // 2 + 2), fill=ink)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def draw_folder(
    root: Path,
    labels: Sequence[str] = ("bar", "circle", "line"),
    train: int = 20,
    test: int = 8,
    first: int = 0,
) -> Path:
    """`train/<label>/` and `test/<label>/` below `root`, which is returned.

    Args:
        root: Made if missing.
        labels: Of the classes.
        train: Pictures of each class.
        test: Pictures of each class.
        first: Number of the first picture: folders of other numbers share no picture.
    """
    for shape, label in enumerate(labels):
        for number in range(first, first + train + test):
            part = "train" if number < first + train else "test"
            draw(root / part / label / f"{number:03d}.png", shape, number)
    return root

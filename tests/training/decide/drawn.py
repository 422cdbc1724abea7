"""Folders of drawn pictures: discs, squares and bars on grounds of any colour."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("bar", "disc", "square")


def draw(kind: str, generator: np.random.Generator, side: int = 48) -> Image.Image:
    """A dark shape somewhere on a light ground."""
    ground, ink = (tuple(generator.integers(*ends, 3).tolist()) for ends in ((170, 256), (0, 110)))
    picture = Image.new("RGB", (side, side), ground)
    left, top = generator.integers(side // 12, side // 2, 2).tolist()
    size = side // 3 + int(generator.integers(side // 8))
    pencil = ImageDraw.Draw(picture)
    match kind:
        case "disc":
            pencil.ellipse((left, top, left + size, top + size), fill=ink)
        case "square":
            pencil.rectangle((left, top, left + size, top + size), fill=ink)
        case _:
            pencil.rectangle((left, top, left + size, top + size // 4), fill=ink)
    return picture


def write_folder(
    root: Path, count: int, classes: tuple[str, ...] = CLASSES, *, seed: int = 0, side: int = 48
) -> Path:
    """So many pictures of each class, as PNG files; classes of other names are bars."""
    generator = np.random.default_rng(seed)
    for kind in classes:
        (root / kind).mkdir(parents=True)
        for place in range(count):
            draw(kind, generator, side).save(root / kind / f"{place:03}.png")
    return root

"""A folder of pictures to try things on: coins, crates and kites, in any colour, behind stripes.

python examples/draw_a_folder.py FOLDER [PICTURES OF EACH KIND]
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE = 64
KINDS = ("coin", "crate", "kite")
STRIPES = 2


def draw_folder(folder: Path, count: int = 40) -> Path:
    """Draw so many pictures of each kind, one folder a kind."""
    choice = np.random.default_rng(0)
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for number in range(count):
            draw(kind, choice).save(folder / kind / f"{number:03}.png")
    return folder


def draw(kind: str, choice: np.random.Generator) -> Image.Image:
    """Draw a dark thing about the middle of a light ground, behind some stripes."""
    ground, ink = (tuple(choice.integers(*ends, 3).tolist()) for ends in ((130, 256), (0, 130)))
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    size, x, y = choice.integers((11, 22, 22), (20, 43, 43)).tolist()
    pencil = ImageDraw.Draw(picture)
    if kind == "coin":
        pencil.ellipse((x - size, y - size, x + size, y + size), fill=ink)
    elif kind == "crate":
        pencil.rectangle((x - size, y - size, x + size, y + size), fill=ink)
    else:
        pencil.polygon([(x, y - size), (x + size, y), (x, y + size), (x - size, y)], fill=ink)
    for ends in choice.integers(0, SIDE, (STRIPES, 4)).tolist():
        pencil.line(ends, fill=tuple(choice.integers(0, 256, 3).tolist()), width=4)
    return picture


if __name__ == "__main__":
    print(draw_folder(Path(sys.argv[1]), *map(int, sys.argv[2:])))

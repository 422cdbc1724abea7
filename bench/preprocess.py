"""Time from an encoded picture's bytes to the network's input, by format and size, on one core.

    python -m bench.preprocess

The pictures are drawn here: a pen's stroke on unevenly lit, noisy paper, as a phone would take it.
"""

import io
import resource
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.decode import decode
from vision.input import Input
from vision.preprocess import tensor, view

_INPUT = Input(shape=(1, 28, 28), mode="L", mean=(0.1307,), std=(0.3081,), preprocess="digit")
_SECONDS = 1.0  # for each case
_PASSES_THROUGH = np.pad(np.full((20, 10), 255, np.uint8), ((4, 4), (9, 9)))

Pixels = NDArray[np.uint8]


def photo(width: int, height: int) -> Pixels:
    """Draw a 2 in blue ink on grey paper, lit from one side, with a sensor's noise: RGB."""
    paper = np.full((height, width, 3), (205, 200, 190), np.float32)
    unit = height / 12
    path = np.array([(4, 4), (5, 3), (7, 3), (8, 4.2), (7, 6), (4, 9), (8.3, 9)]) * unit
    path[:, 0] += (width - height) / 2
    cv2.polylines(paper, [path.astype(np.int32)], False, (40, 60, 140), max(2, round(unit / 3)))
    paper *= np.linspace(1, 0.6, width, dtype=np.float32)[None, :, None]
    paper += np.random.default_rng(0).normal(0, 3, paper.shape).astype(np.float32)
    return paper.clip(0, 255).astype(np.uint8)


def encode(pixels: Pixels, kind: str) -> bytes:
    """Encode as a file of that format."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=90)
    return buffer.getvalue()


def milliseconds(work: Callable[[], object]) -> float:
    """Take the median of as many runs as fit into the time, three at least."""
    work()
    taken: list[float] = []
    until = time.perf_counter() + _SECONDS
    while len(taken) < 3 or time.perf_counter() < until:
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return 1e3 * median(taken)


def main() -> None:
    """Print a table: bytes, and milliseconds to decode, to preprocess, and altogether."""
    cv2.setNumThreads(1)
    small = cv2.resize(photo(280, 280), (28, 28), interpolation=cv2.INTER_AREA)
    cases = {
        "28 x 28 PNG, MNIST's geometry": encode(_PASSES_THROUGH, "PNG"),
        "28 x 28 PNG, any other": encode(np.asarray(small, np.uint8), "PNG"),
        "280 x 280 PNG": encode(photo(280, 280), "PNG"),
        "1 megapixel JPEG": encode(photo(1155, 866), "JPEG"),
        "12 megapixel JPEG": encode(photo(4000, 3000), "JPEG"),
        "24 megapixel JPEG": encode(photo(6000, 4000), "JPEG"),
        "1 megapixel PNG": encode(photo(1155, 866), "PNG"),
        "12 megapixel PNG": encode(photo(4000, 3000), "PNG"),
    }
    print(f"{'picture':31}{'kB':>9}{'decode ms':>11}{'view ms':>9}{'tensor ms':>11}{'all ms':>9}")
    for name, data in cases.items():
        picture = decode(data)
        seen = view(picture, _INPUT)
        parts = (
            milliseconds(partial(decode, data)),
            milliseconds(partial(view, picture, _INPUT)),
            milliseconds(partial(tensor, [seen], _INPUT)),
            milliseconds(partial(_prepare, data)),
        )
        figures = "".join(
            f"{part:>{width}.3f}" for part, width in zip(parts, (11, 9, 11, 9), strict=True)
        )
        print(f"{name:31}{len(data) / 1e3:>9.1f}{figures}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak resident memory, drawing included: {peak:.0f} MiB")


def _prepare(data: bytes) -> object:
    return tensor([view(decode(data), _INPUT)], _INPUT)


if __name__ == "__main__":
    main()

"""A data set of one's own: a folder of pictures for each class, read by the code that serves."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from training.config import Mode
from training.data.identity import digest_lines
from training.data.layout import Part, find_pictures, show
from training.data.problems import Problems
from training.data.sources import (
    Source,
    check_classes,
    describe,
    draw_test,
    leave_out_copies,
    read_sources,
)
from training.data.values import Dataset, Images
from vision.decode import decode
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import view

_LOG = logging.getLogger(__name__)


def load_folder(root: Path, side: int, mode: Mode) -> Dataset:
    """Every picture of a folder, made alike by the code that serves.

    Files that cannot be used are skipped as long as they are few. What is left out, and what else
    a person should know, is logged as warnings.

    Raises:
        DatasetError: The pictures cannot be learnt from; it has every problem in one list.
    """
    problems = Problems()
    name = show(root.resolve().name)
    files = find_pictures(root, problems)
    decoded, pixels = read_pixels(read_sources(files, root, problems), _input(side, mode), problems)
    sources = draw_test(leave_out_copies(decoded, problems), problems)
    labels = tuple(sorted({file.label for file in files}))
    check_classes(labels, sources, problems)
    problems.refuse(name, len(files))
    for line in problems.lines("skipped", "noted"):
        _LOG.warning("%s: %s", name, line)
    places = {source.name: place for place, source in enumerate(decoded)}
    return _dataset(name, labels, sources, pixels, places)


def read_pixels(
    sources: Sequence[Source], spec: Input, problems: Problems
) -> tuple[list[Source], NDArray[np.uint8]]:
    """What the network sees of each picture: those that can be decoded, and uint8 [N, C, H, W]."""
    pixels = np.empty((len(sources), *spec.shape), np.uint8)
    decoded: list[Source] = []
    for source in tqdm(sources, "pictures", disable=None, leave=False):
        try:
            pixels[len(decoded)] = _see(source.path, spec)
        except (ImageError, OSError) as error:
            problems.add("skipped", describe(error), source.name)
        else:
            decoded.append(source)
    return decoded, pixels[: len(decoded)]


def _see(path: Path, spec: Input) -> NDArray[np.uint8]:
    """uint8 [C, H, W]."""
    seen = view(decode(path.read_bytes()), spec).pixels
    return seen[None] if seen.ndim == 2 else seen.transpose(2, 0, 1)


def _dataset(
    name: str,
    labels: tuple[str, ...],
    sources: Sequence[Source],
    pixels: NDArray[np.uint8],
    places: Mapping[str, int],
) -> Dataset:
    """The pictures that are kept, part by part."""

    def images(part: Part) -> Images:
        kept = [source for source in sources if source.part == part]
        numbers = torch.tensor([labels.index(source.label) for source in kept], dtype=torch.int64)
        return Images(torch.from_numpy(pixels[[places[source.name] for source in kept]]), numbers)

    def digest(*parts: Part) -> str:
        kept = (source for source in sources if source.part in parts)
        return digest_lines(f"{source.label} {source.sha256}" for source in kept)

    return Dataset(
        name=name,
        sha256=digest("train", "validation", "test"),
        test_sha256=digest("test"),
        labels=labels,
        learning=images("train"),
        validation=images("validation") if any(s.part == "validation" for s in sources) else None,
        test=images("test"),
        preprocess="resize",
        ground="white",
    )


def _input(side: int, mode: Mode) -> Input:
    """What a network takes that sees pictures of that size; nothing is normalised yet."""
    channels = 1 if mode == "L" else 3
    return Input(
        shape=(channels, side, side),
        mode=mode,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
        preprocess="resize",
        ground="white",
    )

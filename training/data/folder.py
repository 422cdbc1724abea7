"""A data set of one's own: a folder of pictures for each class, read by the code that serves."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Self, TypeVar

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
from vision.decode import Picture, decode
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import view

Seen = TypeVar("Seen")
Pixels = NDArray[np.uint8]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found(Generic[Seen]):
    """The pictures of a folder that can be learnt from, and what was made of each."""

    name: str  # of the folder, as it may be printed
    labels: tuple[str, ...]
    sources: Sequence[Source]  # the files, one a picture, in the order of class and content
    seen: Mapping[str, Seen]  # by the digest of the file
    notes: Sequence[str]  # what was left out and what else a person should know, a line a problem

    @classmethod
    def read(
        cls, root: Path, see: Callable[[Picture], Seen], threads: int = 1, *, draws_test: bool
    ) -> Self:
        """Decode every file of a folder as the service does.

        Files that cannot be used are skipped as long as they are few.

        Args:
            root: The folder.
            see: Makes of a picture what is kept of it.
            threads: That decode.
            draws_test: Whether a test part is drawn where the folder has none.

        Raises:
            DatasetError: There is no such folder, or its pictures cannot be learnt from; it has
                every problem in one list.
        """
        problems = Problems()
        name = show(root.resolve().name)
        files = find_pictures(root, problems)
        sources = read_sources(files, root, problems)
        seen = dict(_decoded(sources, see, threads, problems))
        kept = leave_out_copies(filter(lambda source: source.sha256 in seen, sources), problems)
        drawn = draw_test(kept, problems if draws_test else Problems())
        labels = tuple(sorted({file.label for file in files}))
        check_classes(labels, drawn, problems)
        problems.refuse(name, len(files))
        notes = problems.lines("skipped", "noted")
        return cls(name, labels, drawn if draws_test else kept, seen, notes)

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def targets(self) -> NDArray[np.int64]:
        """Class of each picture, [N]."""
        places = {label: place for place, label in enumerate(self.labels)}
        return np.array([places[source.label] for source in self.sources], np.int64)

    def of(self, part: Part) -> NDArray[np.int64]:
        """Places of the pictures of one part."""
        return np.flatnonzero([source.part == part for source in self.sources])

    @property
    def sha256(self) -> str:
        """Digest of every picture and its class, whatever the files are called."""
        return self.digest(range(len(self)))

    def digest(self, places: Iterable[int]) -> str:
        """The same of some of the pictures."""
        chosen = (self.sources[place] for place in places)
        return digest_lines(f"{source.label} {source.sha256}" for source in chosen)


def _decoded(
    sources: Sequence[Source], see: Callable[[Picture], Seen], threads: int, problems: Problems
) -> Iterator[tuple[str, Seen]]:
    """What is made of each picture, by its digest; those that cannot be decoded are skipped."""

    def attempt(source: Source) -> Seen | ImageError | OSError:
        try:
            return see(decode(source.path.read_bytes()))
        except (ImageError, OSError) as error:
            return error

    with ThreadPoolExecutor(threads) as pool:
        made = pool.map(attempt, sources)
        shown = tqdm(made, "pictures", len(sources), disable=None, leave=False)
        for source, seen in zip(sources, shown, strict=True):
            if isinstance(seen, ImageError | OSError):
                problems.add("skipped", describe(seen), source.name)
            else:
                yield source.sha256, seen


def load_folder(root: Path, side: int, mode: Mode) -> Dataset:
    """Every picture of a folder, made alike by the code that serves; what is odd is logged.

    Raises:
        DatasetError: As `Found.read`.
    """
    spec = unit_input(side, mode)
    found = Found.read(root, lambda picture: planes(view(picture, spec).pixels), draws_test=True)
    for line in found.notes:
        _LOG.warning("%s: %s", found.name, line)

    def images(part: Part) -> Images:
        places = found.of(part)
        pixels = np.stack([found.seen[found.sources[place].sha256] for place in places])
        return Images(torch.from_numpy(pixels), torch.from_numpy(found.targets[places]))

    return Dataset(
        name=found.name,
        sha256=found.sha256,
        test_sha256=found.digest(found.of("test")),
        labels=found.labels,
        learning=images("train"),
        validation=images("validation") if len(found.of("validation")) else None,
        test=images("test"),
        preprocess="resize",
        ground="white",
    )


def unit_input(side: int, mode: Mode) -> Input:
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


def planes(pixels: Pixels) -> Pixels:
    """[H, W] or [H, W, 3] to [C, H, W]."""
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))

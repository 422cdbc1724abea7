"""What there is to learn from: the pictures that can be read, and what is wrong with others."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.config import Mode
from training.data.folder import Found
from training.data.sources import Source
from vision.decode import Picture

_GREY: Final = 4  # of 255: channels that differ by no more are one grey
_SHOWN: Final = 5  # groups of near-copies in a line


@dataclass(frozen=True)
class Look:
    """What a picture is like, before anything is decided of it."""

    side: int  # its longer side, in pixels
    grey: bool  # whether it has no colour


class Collection(Found[Look]):
    """The readable pictures of a folder."""

    @property
    def looks(self) -> list[Look]:
        """What each picture is like."""
        return [self.seen[source.sha256] for source in self.sources]

    @property
    def side(self) -> int:
        """Median of the pictures' longer sides."""
        return round(median(look.side for look in self.looks))

    @property
    def mode(self) -> Mode:
        """Grey where every picture is."""
        return "L" if all(look.grey for look in self.looks) else "RGB"

    @property
    def summary(self) -> str:
        """In a line."""
        colour = "grey" if self.mode == "L" else "colour"
        return (
            f"{len(self):,} pictures of {len(self.labels)} classes, in {colour}, typically "
            f"{self.side} pixels"
        )


def check(root: Path, threads: int) -> Collection:
    """Read every file once.

    Raises:
        DatasetError: As `Found.read`.
    """
    return Collection.read(root, _look, threads, draws_test=False)


def _look(picture: Picture) -> Look:
    pixels = picture.pixels
    spread = pixels.max(axis=2) - pixels.min(axis=2)
    return Look(max(picture.width, picture.height), grey=int(spread.max()) <= _GREY)


def contradictions(targets: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pictures [N] have a near-copy in another class: nobody can say which label is right."""
    in_classes = np.bincount(np.unique(np.stack((groups, targets)), axis=1)[0])
    several: NDArray[np.bool_] = in_classes[groups] > 1
    return several


def copy_lines(collection: Collection, groups: NDArray[np.int64]) -> Iterator[str]:
    """How many near-copies there are, and the first that lie in two classes."""
    members: dict[int, list[Source]] = defaultdict(list)
    for source, group in zip(collection.sources, groups.tolist(), strict=True):
        members[group].append(source)
    several = [copies for copies in members.values() if len(copies) > 1]
    across = [copies for copies in several if len({copy.label for copy in copies}) > 1]
    if several:
        groups_and = f"{len(several)} groups, {sum(map(len, several))} pictures"
        yield f"near-copies ({groups_and}): kept on one side of every split"
    if across:
        shown = "; ".join(" = ".join(copy.name for copy in copies) for copies in across[:_SHOWN])
        more = f" and {len(across) - _SHOWN} more" if len(across) > _SHOWN else ""
        yield f"near-copies in two classes, all left out ({len(across)} groups): {shown}{more}"

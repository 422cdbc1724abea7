"""What there is to learn from: the pictures that can be read, and what is wrong with others."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data.identity import digest_lines
from training.data.layout import find_pictures
from training.data.problems import Problems
from training.data.sources import (
    Source,
    check_classes,
    draw_test,
    leave_out_copies,
    read_sources,
)
from training.decide.collection.store import Look, Mode, look

_SHOWN: Final = 5  # groups of near-copies in a line


@dataclass(frozen=True)
class Collection:
    """The readable pictures of a folder."""

    labels: tuple[str, ...]
    sources: tuple[Source, ...]  # the files, one a picture
    side: int  # median of the pictures' longer sides
    mode: Mode  # grey where every picture is
    notes: tuple[str, ...]  # what is wrong with other files, one line a problem

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def targets(self) -> NDArray[np.int64]:
        """Class of each picture, [N]."""
        places = {label: place for place, label in enumerate(self.labels)}
        return np.array([places[source.label] for source in self.sources], np.int64)

    @property
    def tests(self) -> NDArray[np.bool_]:
        """Which pictures are of the folder's own test part, [N]."""
        return np.array([source.part == "test" for source in self.sources])

    @property
    def sha256(self) -> str:
        """Digest of every picture and its class, whatever the files are called."""
        return self.digest(range(len(self)))

    def digest(self, places: Sequence[int]) -> str:
        """The same of some of the pictures."""
        chosen = (self.sources[place] for place in places)
        return digest_lines(f"{source.label} {source.sha256}" for source in chosen)

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
        DatasetError: There is no such folder, or its pictures cannot be learnt from; it has every
            problem in one list.
    """
    problems = Problems()
    files = find_pictures(root, problems)
    sources = read_sources(files, root, problems)
    with ThreadPoolExecutor(threads) as pool:
        looks = [*pool.map(look, (source.path for source in sources))]
    readable = dict(_readable(sources, looks, problems))
    kept = leave_out_copies(readable, problems)
    labels = tuple(sorted({file.label for file in files}))
    check_classes(labels, draw_test(kept, Problems()), problems)
    problems.refuse(root.resolve().name, len(files))
    return Collection(
        labels,
        tuple(kept),
        round(median(readable[source].side for source in kept)),
        "L" if all(readable[source].grey for source in kept) else "RGB",
        tuple(problems.lines("skipped", "noted")),
    )


def _readable(
    sources: Sequence[Source], looks: Sequence[Look], problems: Problems
) -> Iterator[tuple[Source, Look]]:
    for source, seen in zip(sources, looks, strict=True):
        if seen.error is None:
            yield source, seen
        else:
            problems.add("skipped", seen.error, source.name)


def contradictions(targets: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which pictures [N] have a near-copy in another class: nobody can say which label is right."""
    classes: dict[int, set[int]] = defaultdict(set)
    for group, target in zip(groups.tolist(), targets.tolist(), strict=True):
        classes[group].add(target)
    return np.array([len(classes[group]) > 1 for group in groups.tolist()])


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

"""The folder of stored studies: `<name>/study.json`, its figures, and the runs that they share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from artifact.errors import BrokenArtifact, OnBroken, UnknownStudy, refuse
from artifact.files import read_inside, sha256
from artifact.repository import parse, visible_folders
from artifact.study import Outcome, Study, StudyFigure, WholeStudy

STUDY: Final = "study.json"
RUNS: Final = "runs"
FIGURES: Final[dict[StudyFigure, str]] = {
    "accuracy": "figures/accuracy.png",
    "curves": "figures/curves.png",
    "trade": "figures/trade.png",
    "confusion": "figures/confusion.png",
}


@dataclass(frozen=True)
class StoredStudy:
    """One study: its folder and what it says."""

    folder: Path
    study: Study

    def __str__(self) -> str:
        return f"studies/{self.study.name}"

    def figure(self, role: StudyFigure) -> bytes:
        """Read the figure of that role, verified.

        Raises:
            BrokenArtifact: The file is not what the study says.
            UnknownStudy: It was stored without; the message says which there are.
        """
        file = self.study.figures.get(role)
        if file is None:
            known = ", ".join(self.study.figures) or "none"
            raise UnknownStudy(f"study {self.study.name} has no figure {role}; it has: {known}")
        shown = f"{self}/{file.path}"
        content = read_inside(self.folder, file.path, shown)
        if sha256(content) != file.sha256:
            raise BrokenArtifact(f"{shown} does not have its checksum")
        return content

    def whole(self) -> WholeStudy:
        """The study with all its runs.

        Raises:
            BrokenArtifact: A run's file is missing, or is not that run.
        """
        runs = {digest: self._run(digest) for digest in sorted(self.study.digests)}
        return WholeStudy(study=self.study, runs=runs)

    def _run(self, digest: str) -> Outcome:
        path = f"{RUNS}/{digest}.json"
        shown = f"studies/{path}"
        outcome = parse(Outcome, read_inside(self.folder.parent, path, shown), shown)
        if outcome.digest != digest:
            raise BrokenArtifact(f"{shown} holds the run {outcome.digest}")
        return outcome


class Studies:
    """Every stored study, by its name."""

    def __init__(self, stored: Mapping[str, StoredStudy]) -> None:
        self._stored = stored

    @classmethod
    def scan(cls, root: Path, on_broken: OnBroken = refuse) -> "Studies":
        """Read every study below `root` and verify what it rests on; no such folder is empty.

        Args:
            root: The directory.
            on_broken: Called where a study, a run of it or a figure is not what it says. Where it
                returns, the rest is read: a study whose runs hold is kept without its figure.

        Raises:
            BrokenArtifact: The directory cannot be read; or by `on_broken`.
        """
        if not root.exists():
            return cls({})
        folders = [folder for folder in visible_folders(root) if folder.name != RUNS]
        stored = (_scan_study(folder, on_broken) for folder in folders)
        return cls({study.folder.name: study for study in stored if study})

    def __iter__(self) -> Iterator[StoredStudy]:
        """All of them, names in order."""
        return (self._stored[name] for name in sorted(self._stored))

    def __len__(self) -> int:
        return len(self._stored)

    def get(self, name: str) -> StoredStudy:
        """Look a study up.

        Raises:
            UnknownStudy: There is none; the message says which there are.
        """
        if name not in self._stored:
            known = ", ".join(sorted(self._stored)) or "none"
            raise UnknownStudy(f"no study {name[:100]!r}; stored studies: {known}")
        return self._stored[name]


def open_study(folder: Path) -> StoredStudy:
    """Read what a folder's study says; its runs and figures are verified when they are read.

    Raises:
        BrokenArtifact: There is no study, or it says something that is not understood.
    """
    shown = f"studies/{folder.name}/{STUDY}"
    study = parse(Study, read_inside(folder, STUDY, shown), shown)
    if study.name != folder.name:
        raise BrokenArtifact(f"{shown} says that it is {study.name}")
    for role, file in study.figures.items():
        if file.path != FIGURES[role]:
            raise BrokenArtifact(f"{shown}: the figure {role} is {FIGURES[role]}, not {file.path}")
    return StoredStudy(folder, study)


def _scan_study(folder: Path, on_broken: OnBroken) -> StoredStudy | None:
    try:
        stored = open_study(folder)
        stored.whole()
    except BrokenArtifact as error:
        on_broken(f"studies/{folder.name}", error)
        return None
    for role, file in stored.study.figures.items():
        try:
            stored.figure(role)
        except BrokenArtifact as error:
            on_broken(f"{stored}/{file.path}", error)
    return stored

"""Where the pictures of a folder lie: which file is of which class, and of which part.

Accepted are `<class>/...` and `train/<class>/...`, `test/<class>/...`, with `val/<class>/...` or
without; in a class's folder, pictures may lie as deep as they like. A file's name and ending decide
nothing. Links to folders are not followed.
"""

import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from training.data.problems import Kind, Problems
from training.errors import DatasetError

Part = Literal["train", "validation", "test"]
Entry = os.DirEntry[str]

LAYOUTS: Final = (
    "accepted are DIR/<class>/... and DIR/train/<class>/..., DIR/test/<class>/..., with "
    "DIR/val/<class>/... or without, for two classes at least"
)
_PARTS: Final[dict[str, Part]] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
_PICTURES: Final = frozenset(
    [
        ".avif",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".ico",
        ".jfif",
        ".jp2",
        ".jpeg",
        ".jpg",
        ".png",
        ".psd",
        ".svg",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
_SYSTEM: Final = frozenset(
    {
        "$recycle.bin",
        "@eadir",
        "__macosx",
        ".ds_store",
        ".git",
        ".ipynb_checkpoints",
        "desktop.ini",
        "ehthumbs.db",
        "icon\r",
        "system volume information",
        "thumbs.db",
    }
)


@dataclass(frozen=True)
class PictureFile:
    """A file that may be a picture."""

    path: Path
    name: str  # below the data directory, for people
    label: str
    part: Part  # of the data set; `train` where no folder says which


def find_pictures(root: Path, problems: Problems) -> list[PictureFile]:
    """Every file in a class's folder, in the order of their names.

    Raises:
        DatasetError: There is no such directory.
    """
    if not root.is_dir():
        what = "is no directory" if root.exists() else "does not exist"
        raise DatasetError(f"the data directory {show(root.name)!r} {what}: {LAYOUTS}")
    return [*_Search(root, problems).pictures()]


def is_named_picture(name: str | os.PathLike[str]) -> bool:
    """Whether a file's ending is one of pictures, accepted or not."""
    return Path(name).suffix.lower() in _PICTURES


def show(name: str) -> str:
    """A name of a file as it may be printed: what is no character is escaped."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class _Search:
    """One walk through a data directory."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self._root = root
        self._problems = problems

    def pictures(self) -> Iterator[PictureFile]:
        folders = self._folders(self._root)
        parts = self._parts([folder.name for folder in folders])
        if not parts:
            yield from self._of_classes(folders, "train")
            return
        for folder in folders:
            if folder.name in parts:
                yield from self._of_classes(self._folders(Path(folder)), parts[folder.name])
            else:
                self._add("noted", "folder beside train and test, left out", folder)

    def _parts(self, names: list[str]) -> dict[str, Part]:
        """Which folders are parts of the data set; none where every folder is a class."""
        parts = {name: _PARTS[name.lower()] for name in names if name.lower() in _PARTS}
        if parts and len(parts) == len(names) and "train" not in parts.values():
            raise DatasetError(
                f"the data directory {show(self._root.name)!r} has {', '.join(names)} but no "
                f"folder train: {LAYOUTS}"
            )
        return parts if "train" in parts.values() and len(parts) in {2, 3, len(names)} else {}

    def _folders(self, parent: Path) -> list[Entry]:
        """The folders in a folder; pictures beside them are of no class."""
        entries = self._visible(parent)
        for entry in entries:
            if is_named_picture(entry) and not _is_folder(entry):
                self._add("noted", "picture in no class's folder, left out", entry)
        return [entry for entry in entries if _is_folder(entry)]

    def _of_classes(self, folders: Iterable[Entry], part: Part) -> Iterator[PictureFile]:
        for folder in folders:
            files = [*self._files(Path(folder))]
            if show(folder.name) != folder.name:
                self._add("refused", "class whose name is not UTF-8 or not printable", folder)
            elif not files:
                self._add("refused", "class's folder without a picture", folder)
            else:
                label = unicodedata.normalize("NFC", folder.name)
                yield from (PictureFile(Path(e), self._name(e), label, part) for e in files)

    def _files(self, folder: Path) -> Iterator[Entry]:
        for entry in self._visible(folder):
            if _is_folder(entry):
                yield from self._files(Path(entry))
            else:
                yield entry

    def _visible(self, folder: Path) -> list[Entry]:
        """What a folder holds, in order: without the system's own files, and what is hidden."""
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._problems.add("refused", f"{error.strerror}", self._name(folder))
            return []
        kept = []
        for entry in found:
            if entry.name.lower() in _SYSTEM or entry.name.startswith("._"):
                continue
            if entry.name.startswith("."):
                self._add("noted", "hidden, left out", entry)
            elif _links_to_folder(entry):
                self._add("refused", "link to a folder, not followed", entry)
            else:
                kept.append(entry)
        return kept

    def _add(self, kind: Kind, what: str, entry: Entry) -> None:
        self._problems.add(kind, what, self._name(entry))

    def _name(self, path: Path | Entry) -> str:
        return show(Path(path).relative_to(self._root).as_posix())


def _is_folder(entry: Entry) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _links_to_folder(entry: Entry) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:  # a circle of links, or a folder that may not be read
        return False

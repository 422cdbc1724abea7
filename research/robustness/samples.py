"""Pictures as bytes, each with what it shows and where it comes from."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from training.errors import DatasetError

INDEX = "index.csv"


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture as somebody sends it, and the right answer.

    Attributes:
        name: By which a person finds the picture again.
        label: What it shows.
        source: Whom or what it comes from: accuracy is reported by source.
        read: Gives the file's bytes, so that not all need to be in memory.
    """

    name: str
    label: str
    source: str
    read: Callable[[], bytes]


def read_samples(folder: Path) -> tuple[Sample, ...]:
    """Every picture of a folder that has an index.csv, or one folder for each label.

    Where the index has no column `source`, the pictures of each label are a source.

    Raises:
        DatasetError: There is no such folder, it holds neither, or the index is not understood.
    """
    try:
        samples = tuple(_indexed(folder) if (folder / INDEX).is_file() else _by_label(folder))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise DatasetError(f"the folder of pictures cannot be read: {cause}") from error
    if not samples:
        raise DatasetError(
            f"the folder of pictures has none: it needs an {INDEX} with columns file and label, "
            "or one folder for each label"
        )
    return samples


def _indexed(folder: Path) -> Iterator[Sample]:
    with (folder / INDEX).open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, restval="")
        missing = {"file", "label"} - set(rows.fieldnames or ())
        if missing:
            raise DatasetError(
                f"{INDEX} has no column {' and no column '.join(sorted(missing))}; it needs file "
                "and label, and may have source"
            )
        for number, row in enumerate(rows, start=2):
            name, label = row["file"].strip(), row["label"].strip()
            if not (name and label):
                raise DatasetError(f"{INDEX}, line {number}: every row needs a file and a label")
            source = (row.get("source") or "").strip() or default_source(label)
            yield Sample(name, label, source, partial(Path.read_bytes, folder / name))


def _by_label(folder: Path) -> Iterator[Sample]:
    for label in _visible(folder):
        if label.is_dir():
            for path in _visible(label):
                name = f"{label.name}/{path.name}"
                source = default_source(label.name)
                yield Sample(name, label.name, source, partial(Path.read_bytes, path))


def default_source(label: str) -> str:
    """What stands for the source where nothing is known of it."""
    return f"label {label}"


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))

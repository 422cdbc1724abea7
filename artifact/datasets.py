"""The test pictures of data sets, published once beside the models: `_datasets/<name>/`.

`dataset.json` says what they are; the pictures lie in sheets, PNG files of many small ones in rows.
Models find theirs by the digest of the test pictures, which their manifests have.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from artifact.errors import BrokenArtifact, OnBroken, UnknownDataset, refuse
from artifact.files import read_inside, read_verified
from artifact.manifest import SHA256, Count, File, Label, Manifest, Name, Part, Positive
from artifact.repository import ByName, parse, visible_folders

FOLDER: Final = "_datasets"  # beside the models; no model's name begins so
DATASET: Final = "dataset.json"

Pixels = NDArray[np.uint8]
Digest = Annotated[str, Field(pattern=SHA256)]


class DatasetDescription(Part):
    """A data set's test pictures without the pictures, in the order of the data set."""

    title: str = Field(description="The data set's name, as manifests have it.")
    data_sha256: Digest = Field(description="Of every picture as it was stored, with its label.")
    test_sha256: Digest = Field(
        description="Of the test pictures alone: models that name it were tested on these."
    )
    labels: tuple[Label, ...] = Field(description="Name of each class.")
    true: tuple[Count, ...] = Field(description="Class of each test picture, by its place.")
    disputed: tuple[Count, ...] = Field(
        (), description="Places of the pictures whose label people who looked disagree with."
    )
    source: str = Field(description="Who made the pictures, and where they are found.")
    licence: str | None = Field(description="Of the pictures; null where only their owner knows.")


class PublishedDataset(DatasetDescription):
    """The whole of dataset.json: the test pictures, and the sheets that hold them."""

    schema_version: Literal[1] = 1
    name: Name = Field(description="Of the folder.")
    mode: Literal["L", "RGB"] = Field(description="Grey or colour.")
    side: Annotated[int, Field(ge=1, le=1024)] = Field(
        description="Height and width of a picture, in pixels."
    )
    columns: Positive = Field(description="Pictures in a row of a sheet, and rows of a full one.")
    sheets: tuple[File, ...] = Field(description="In order; the last one need not be full.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if max(self.true, default=0) >= len(self.labels):
            raise ValueError(f"a class is above {len(self.labels) - 1}, the last of the labels")
        if len(self.sheets) != -(-len(self.true) // self.columns**2):
            raise ValueError(f"{len(self.sheets)} sheets cannot hold {len(self.true)} pictures")
        return self

    def __len__(self) -> int:
        return len(self.true)


@dataclass(frozen=True)
class StoredDataset:
    """The published pictures of one data set: their folder and what it says."""

    folder: Path
    dataset: PublishedDataset

    def __str__(self) -> str:
        return f"{FOLDER}/{self.dataset.name}"

    def sheet(self, number: int) -> bytes:
        """Read a sheet, verified.

        Raises:
            BrokenArtifact: The file is not what dataset.json says.
            UnknownDataset: There is no such sheet; the message says how many there are.
        """
        sheets = self.dataset.sheets
        if not 0 <= number < len(sheets):
            raise UnknownDataset(f"{self.dataset.name} has {len(sheets)} sheets, counted from 0")
        return read_verified(self.folder, sheets[number], f"{self}/{sheets[number].path}")

    def picture(self, index: int) -> bytes:
        """Cut one picture out of its sheet, as a PNG file.

        Raises:
            BrokenArtifact: As `sheet`, or the sheet is no picture of its size.
            UnknownDataset: There is no such picture; the message says how many there are.
        """
        dataset = self.dataset
        if not 0 <= index < len(dataset):
            raise UnknownDataset(f"{dataset.name} has {len(dataset)} test pictures, counted from 0")
        number, place = divmod(index, dataset.columns**2)
        encoded: bytes = cv2.imencode(".png", self._cut(number)[place])[1].tobytes()
        return encoded

    def pixels(self, number: int) -> Pixels:
        """Cut all pictures out of a sheet: [N, side, side], or [N, side, side, 3] in colour.

        Raises:
            BrokenArtifact: As `picture`.
            UnknownDataset: As `sheet`.
        """
        cut = self._cut(number)
        return cut[..., 0] if self.dataset.mode == "L" else cut[..., ::-1]

    def _cut(self, number: int) -> Pixels:
        """Pictures of a sheet [N, side, side, C], their channels in OpenCV's order."""
        dataset, channels = self.dataset, 1 if self.dataset.mode == "L" else 3
        side, columns, in_a_sheet = dataset.side, dataset.columns, dataset.columns**2
        count = min(in_a_sheet, len(dataset) - number * in_a_sheet)
        rows = -(-count // columns)
        content = np.frombuffer(self.sheet(number), np.uint8)
        sheet: Pixels | None = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
        if sheet is None or sheet.size != rows * columns * side * side * channels:
            raise BrokenArtifact(f"{self}/{dataset.sheets[number].path} does not hold its pictures")
        cells = sheet.reshape(rows, side, columns, side, channels).swapaxes(1, 2)
        return cells.reshape(-1, side, side, channels)[:count]


class Datasets(ByName[StoredDataset]):
    """The published pictures of every data set, by name."""

    _unknown, _what, _are = UnknownDataset, "data set", "published data sets"

    @classmethod
    def scan(cls, models: Path, on_broken: OnBroken = refuse) -> "Datasets":
        """Read every data set beside the models, and verify its sheets; no such folder is empty.

        Args:
            models: The model repository.
            on_broken: Called where a data set is not what it says; where it returns, it is left
                out.

        Raises:
            BrokenArtifact: The directory cannot be read; or by `on_broken`.
        """
        root = models / FOLDER
        folders = visible_folders(root) if root.exists() else []
        # A folder without the document is a publish under way.
        scanned = (_scan(folder, on_broken) for folder in folders if (folder / DATASET).exists())
        return cls({each.dataset.name: each for each in scanned if each})

    def of(self, manifest: Manifest) -> StoredDataset | None:
        """The pictures that a model was tested on; None where they were not published."""
        tested = manifest.provenance.split.test_sha256
        return None if tested is None else self.find(tested, manifest.labels)

    def find(self, test_sha256: str, labels: tuple[str, ...]) -> StoredDataset | None:
        """The largest pictures of those that were published of that digest and those classes."""
        wanted = test_sha256, labels
        found = [e for e in self if (e.dataset.test_sha256, e.dataset.labels) == wanted]
        return max(found, key=lambda each: each.dataset.side, default=None)


def _scan(folder: Path, on_broken: OnBroken) -> StoredDataset | None:
    try:
        stored = open_dataset(folder)
        for number in range(len(stored.dataset.sheets)):
            stored.sheet(number)
    except BrokenArtifact as error:
        on_broken(f"{FOLDER}/{folder.name}", error)
        return None
    return stored


def open_dataset(folder: Path) -> StoredDataset:
    """Read what a folder says of its pictures; its sheets are verified when they are read.

    Raises:
        BrokenArtifact: It says something that is not understood.
    """
    shown = f"{FOLDER}/{folder.name}/{DATASET}"
    dataset = parse(PublishedDataset, read_inside(folder, DATASET, shown), shown)
    if dataset.name != folder.name:
        raise BrokenArtifact(f"{shown} says that it is {dataset.name}")
    return StoredDataset(folder, dataset)

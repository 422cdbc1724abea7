"""Pictures as bytes, each with its label and its source, in the sets that are evaluated."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from sklearn.datasets import load_digits
from torch import Tensor

from artifact.manifest import Manifest, Part, RuntimeId, Version
from research.robustness.corruptions import KINDS, corrupt
from training import data
from training.data import Images
from training.errors import DatasetError
from training.export.parity import encode
from vision.pixels import Pixels

INDEX = "index.csv"

SetName = Literal["pictures", "digits", "clean", "corruptions"]
TITLES: dict[SetName, str] = {
    "pictures": "pictures from elsewhere",
    "digits": "scikit-learn's digits, enlarged",
    "clean": "MNIST test images as they are",
    "corruptions": "MNIST test images in MNIST-C's fifteen ways",
}

_ENLARGEMENT = 20
_MARGIN = 1  # of the small picture's pixels; the digits touch its border
_BRIGHTEST = 16  # of scikit-learn's digits


class RobustnessConfig(Part):
    """Which models are evaluated, on which pictures, and where the results go."""

    model: tuple[str, ...] = Field(
        (), description="Names of published models; by default all of them."
    )
    version: Version | None = Field(
        None, description="Of each of these models; by default its highest."
    )
    runtime: RuntimeId = Field("onnx", description="What executes the models.")
    models_dir: Path = Field(Path("models"), description="The model repository.")
    pictures: Path | None = Field(
        None,
        description="A folder of pictures: with an index.csv (columns file, label and, "
        "if there is one, source), or with one folder for each label.",
    )
    digits: int = Field(
        1797,
        ge=0,
        le=1797,
        description="How many of scikit-learn's digits, enlarged to ink on paper; 0 leaves them "
        "out.",
    )
    corruptions: int = Field(
        1000,
        ge=0,
        le=10_000,
        description="How many of MNIST's test images, as they are and corrupted in each of "
        "MNIST-C's fifteen ways; 0 leaves them out.",
    )
    data_dir: Path = Field(
        Path("data"),
        description="Holds MNIST in torchvision's layout, or it is downloaded to there.",
    )
    seed: int = Field(0, ge=0, description="Of the draw of digits and images, and of corruption.")
    output: Path = Field(
        Path("evaluation"), description="Folder for evaluation.json, contact sheets and figures."
    )


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture as a client sends it, and its label."""

    name: str  # by which a person finds the picture again
    label: str
    source: str  # whom or what it comes from: accuracy is reported by source
    read: Callable[[], bytes]  # gives the file's bytes, so that not all need to be in memory


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


@dataclass(frozen=True, slots=True)
class PictureSet:
    """One set of pictures with their labels."""

    name: SetName
    samples: tuple[Sample, ...]

    def check(self, manifest: Manifest) -> None:
        """Refuse a model that lacks a label of the set.

        Raises:
            DatasetError: A picture has a label that the model does not have.
        """
        unknown = sorted({sample.label for sample in self.samples} - set(manifest.labels))
        if unknown:
            raise DatasetError(
                f"{TITLES[self.name]}: label {unknown[0]!r} is none that {manifest.name} can "
                f"answer; it knows {', '.join(manifest.labels)}"
            )


def prepare(config: RobustnessConfig) -> tuple[PictureSet, ...]:
    """Make every set that the configuration names.

    Raises:
        DatasetError: Pictures or MNIST are missing or damaged, or no set is named.
    """
    sets: list[PictureSet] = []
    if config.pictures is not None:
        sets.append(PictureSet("pictures", read_samples(config.pictures)))
    if config.digits:
        sets.append(PictureSet("digits", tuple(_enlarged_digits(config.digits, config.seed))))
    if config.corruptions:
        test = data.load("mnist", config.data_dir).test
        chosen = _draw(len(test), config.corruptions, config.seed)
        images = test[torch.from_numpy(chosen)]
        sets.append(PictureSet("clean", tuple(_test_images(images.pixels, images, chosen))))
        sets.append(PictureSet("corruptions", tuple(_corrupted(images, chosen, config.seed))))
    if not sets:
        raise DatasetError(
            "nothing to evaluate on: give --pictures, or a number above 0 to --digits or "
            "--corruptions"
        )
    return tuple(sets)


def _enlarged_digits(count: int, seed: int) -> Iterator[Sample]:
    """Scikit-learn's digits, 8x8, as dark ink on white paper of 200 x 200 pixels."""
    bunch = load_digits()
    for index in _draw(len(bunch.target), count, seed).tolist():
        label = str(bunch.target[index])
        picture = torch.from_numpy(enlarge(bunch.images[index]))[None]
        yield _encoded(picture, f"digit {index}", label, default_source(label))


def enlarge(digit: NDArray[np.float64]) -> Pixels:
    """Draw one of scikit-learn's digits [8, 8], ink 0..16, on paper 20 times as large."""
    paper = np.pad(255 * (1 - digit / _BRIGHTEST), _MARGIN, constant_values=255)
    size = tuple(side * _ENLARGEMENT for side in paper.shape)
    drawn = cv2.resize(paper, size, interpolation=cv2.INTER_CUBIC)
    enlarged: Pixels = np.rint(drawn).clip(0, 255).astype(np.uint8)
    return enlarged


def _test_images(
    pixels: Tensor, images: Images, indices: NDArray[np.int64], kind: str | None = None
) -> Iterator[Sample]:
    """Test images by their indices, as pixels [N, 1, H, W] show them."""
    for picture, label, index in zip(pixels, images.labels.tolist(), indices.tolist(), strict=True):
        source = kind or default_source(str(label))
        yield _encoded(picture, f"test image {index}", str(label), source)


def _corrupted(images: Images, indices: NDArray[np.int64], seed: int) -> Iterator[Sample]:
    for kind in KINDS:
        pixels = torch.from_numpy(corrupt(kind, images.pixels[:, 0].numpy(), seed))[:, None]
        yield from _test_images(pixels, images, indices, kind)


def _encoded(picture: Tensor, name: str, label: str, source: str) -> Sample:
    content = encode(picture)
    return Sample(name, label, source, lambda: content)


def _draw(total: int, count: int, seed: int) -> NDArray[np.int64]:
    """Draw that many different indices, or all there are, in order."""
    drawn = np.random.default_rng(seed).permutation(total)[:count]
    return np.sort(drawn)

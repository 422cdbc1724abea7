"""Data sets as whole tensors in memory, and their stratified split.

A data set of this size fits into memory many times over, and indexing a tensor costs less than
any loader. Pictures stay as the data set has them: 28x28 for the MNIST family, 8x8 for `digits`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor
from torchvision import datasets

from artifact.manifest import Preprocess
from training.config import DatasetName
from training.errors import DatasetError

_DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Images:
    """Pictures and what they show.

    Attributes:
        pixels: [N, C, H, W], uint8.
        labels: [N], int64, indices into the data set's labels.
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> "Images":
        return Images(self.pixels[indices], self.labels[indices])

    def to(self, device: torch.device) -> "Images":
        """The same images on that device."""
        return Images(self.pixels.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """A whole data set.

    Attributes:
        labels: Name of each class.
        learning: What may be learnt from: training and validation.
        test: What is evaluated once.
        preprocess: How pictures from elsewhere become such pictures.
    """

    labels: tuple[str, ...]
    learning: Images
    test: Images
    preprocess: Preprocess

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.test.pixels.shape[1:]
        return channels, height, width


@dataclass(frozen=True)
class Split:
    """A data set in its three parts."""

    train: Images
    validation: Images
    test: Images

    def to(self, device: torch.device) -> "Split":
        """The same split on that device."""
        return Split(self.train.to(device), self.validation.to(device), self.test.to(device))


def load(name: DatasetName, data_dir: Path) -> Dataset:
    """The whole data set.

    Args:
        name: Which one.
        data_dir: Where its files lie, in torchvision's layout, or where they are downloaded to.
            Only read where the files are already there.

    Raises:
        DatasetError: It is missing and cannot be downloaded, or its files are damaged.
    """
    dataset = _digits() if name == "digits" else _downloadable(name, data_dir)
    _check(name, dataset)
    return dataset


def split(dataset: Dataset, ratio: float, seed: int) -> Split:
    """Training and validation images drawn class by class; the test images as they are.

    Args:
        dataset: What to split.
        ratio: Training share of the images to learn from.
        seed: Of the draw.

    Raises:
        DatasetError: A part would be without an image of some class.
    """
    labels = dataset.learning.labels.numpy()
    try:
        train, validation = train_test_split(
            np.arange(len(labels)), train_size=ratio, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise DatasetError(f"the images cannot be split at {ratio}: {error}") from error
    parts = [dataset.learning[torch.from_numpy(np.sort(part))] for part in (train, validation)]
    if any(len(torch.unique(part.labels)) < len(dataset.labels) for part in parts):
        raise DatasetError(f"a split at {ratio} leaves a part without some class: choose another")
    return Split(parts[0], parts[1], dataset.test)


def _digits() -> Dataset:
    """scikit-learn's 1,797 handwritten digits, 8x8; a fixed stratified fifth of them is test."""
    bunch = load_digits()
    pixels = torch.from_numpy(np.rint(bunch.images * (255 / 16)).astype(np.uint8))[:, None]
    images = Images(pixels, torch.from_numpy(bunch.target).long())
    learning, test = train_test_split(
        np.arange(len(images)), test_size=0.2, stratify=bunch.target, random_state=0
    )
    return Dataset(
        labels=_DIGITS,
        learning=images[torch.from_numpy(np.sort(learning))],
        test=images[torch.from_numpy(np.sort(test))],
        preprocess="resize",
    )


@dataclass(frozen=True)
class _Source:
    """A member of the MNIST family: torchvision's reader and what it does not say."""

    open: Callable[[Path, bool], Any]
    preprocess: Preprocess = "digit"
    transposed: bool = False
    labels: tuple[str, ...] = _DIGITS


_SOURCES: dict[DatasetName, _Source] = {
    "mnist": _Source(lambda root, train: datasets.MNIST(root, train, download=True)),
    "fashion-mnist": _Source(
        lambda root, train: datasets.FashionMNIST(root, train, download=True),
        preprocess="resize",
        labels=tuple(datasets.FashionMNIST.classes),
    ),
    "kmnist": _Source(
        lambda root, train: datasets.KMNIST(root, train, download=True),
        preprocess="resize",
        labels=tuple(datasets.KMNIST.classes),
    ),
    "qmnist": _Source(
        lambda root, train: datasets.QMNIST(root, "train" if train else "test", download=True)
    ),
    "emnist-digits": _Source(
        lambda root, train: datasets.EMNIST(root, "digits", train=train, download=True),
        transposed=True,
    ),
}


def _downloadable(name: DatasetName, root: Path) -> Dataset:
    source = _SOURCES[name]
    try:
        learning, test = (_read(source, root, train=train) for train in (True, False))
    except (RuntimeError, OSError, ValueError, TypeError, AssertionError) as error:
        raise DatasetError(
            f"{name} is neither readable in the data directory nor downloadable: {_cause(error)}. "
            "Give --data-dir a directory that holds it in torchvision's layout (for mnist: "
            "MNIST/raw/train-images-idx3-ubyte and its three companions), or a writable one and "
            "a connection; or try --dataset digits, which needs neither"
        ) from error
    return Dataset(source.labels, learning, test, source.preprocess)


def _read(source: _Source, root: Path, *, train: bool) -> Images:
    part = source.open(root, train)
    pixels, targets = part.data[:, None], part.targets
    if source.transposed:
        pixels = pixels.transpose(-1, -2)
    return Images(pixels.contiguous(), targets[:, 0] if targets.ndim > 1 else targets)


def _cause(error: Exception) -> str:
    """The first line of the error, without any path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error) or "a file is damaged or cut short").splitlines()[0]


def _check(name: DatasetName, dataset: Dataset) -> None:
    """Files can be readable and still be cut short or mixed up."""
    for part in (dataset.learning, dataset.test):
        if len(part.pixels) != len(part.labels):
            raise DatasetError(
                f"{name} has {len(part.pixels)} pictures but {len(part.labels)} labels: "
                "a file is damaged; delete it and let it be downloaded again"
            )
        present = torch.unique(part.labels)
        if len(present) != len(dataset.labels) or int(present[-1]) >= len(dataset.labels):
            raise DatasetError(
                f"{name} has labels of {len(present)} classes, up to {int(present[-1])}, where "
                f"{len(dataset.labels)} are expected: a file is damaged or of another data set"
            )

"""MNIST and its relatives, 28x28, by torchvision; scikit-learn's digits, 8x8, always at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from sklearn.datasets import load_digits as read_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from training.config import DatasetName
from training.data.values import Dataset, Images
from training.errors import DatasetError
from vision.input import Preprocess

DIGITS = tuple("0123456789")
# Test images whose label human reviewers found wrong: Northcutt, Athalye and Mueller, "Pervasive
# label errors in test sets destabilize machine learning benchmarks" (arXiv:2103.14749).
_MNIST_DISPUTED = frozenset(
    {947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729}
)


class _Part(Protocol):
    """Training or test images, as torchvision's readers hold them."""

    data: Tensor
    targets: Tensor


@dataclass(frozen=True)
class _Source:
    """A member of the MNIST family: torchvision's reader and what it does not say."""

    open: Callable[[Path, bool], _Part]
    preprocess: Preprocess = "digit"
    transposed: bool = False
    labels: tuple[str, ...] = DIGITS
    disputed: frozenset[int] = frozenset()


def load_family(name: DatasetName, root: Path) -> Dataset:
    """A member of the family, upright, with its labels as numbers.

    Raises:
        DatasetError: It is neither readable nor downloadable.
    """
    source = _source(name)
    try:
        learning, test = (_read(source, root, train=train) for train in (True, False))
    except (RuntimeError, OSError, ValueError, TypeError, AssertionError) as error:
        raise DatasetError(
            f"{name} is neither readable in the data directory nor downloadable: {_cause(error)}. "
            "Give --data-dir a directory that holds it in torchvision's layout (for mnist: "
            "MNIST/raw/train-images-idx3-ubyte and its three companions), or a writable one and "
            "a connection; or try --dataset digits, which needs neither"
        ) from error
    return Dataset.of_tensors(
        name, source.labels, learning, test, source.preprocess, source.disputed
    )


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


def _source(name: DatasetName) -> _Source:
    from torchvision import datasets  # noqa: PLC0415 - a second, and not every data set needs it

    sources: dict[DatasetName, _Source] = {
        "mnist": _Source(
            lambda root, train: datasets.MNIST(root, train, download=True), disputed=_MNIST_DISPUTED
        ),
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
    return sources[name]


def load_digits() -> Dataset:
    """scikit-learn's 1,797 digits at their own size; a fixed stratified fifth of them is test."""
    bunch = read_digits()
    pixels = torch.from_numpy(np.rint(bunch.images * (255 / 16)).astype(np.uint8))[:, None]
    images = Images(pixels, torch.from_numpy(bunch.target).long())
    learning, test = train_test_split(
        np.arange(len(images)), test_size=0.2, stratify=bunch.target, random_state=0
    )
    return Dataset.of_tensors(
        "digits",
        labels=DIGITS,
        learning=images[torch.from_numpy(np.sort(learning))],
        test=images[torch.from_numpy(np.sort(test))],
    )

"""MNIST and its relatives, 28x28, by torchvision; scikit-learn's digits, 8x8, always at hand."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from sklearn.datasets import load_digits as read_digits
from sklearn.model_selection import train_test_split

from training.config import DatasetName
from training.data.values import Dataset, Images
from training.errors import DatasetError
from vision.input import Preprocess

DIGITS: Final = tuple("0123456789")
# Test images whose label human reviewers found wrong: Northcutt, Athalye and Mueller, "Pervasive
# label errors in test sets destabilize machine learning benchmarks" (arXiv:2103.14749).
_MNIST_DISPUTED: Final = frozenset(
    {947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729}
)


@dataclass(frozen=True)
class _Member:
    """A member of the MNIST family: torchvision's reader of it, and what that does not say."""

    reader: str
    preprocess: Preprocess = "digit"
    transposed: bool = False
    disputed: frozenset[int] = frozenset()
    options: dict[str, str] = field(default_factory=dict)  # of the reader


_FAMILY: Final[dict[DatasetName, _Member]] = {
    "mnist": _Member("MNIST", disputed=_MNIST_DISPUTED),
    "fashion-mnist": _Member("FashionMNIST", "resize"),
    "kmnist": _Member("KMNIST", "resize"),
    "qmnist": _Member("QMNIST"),
    "emnist-digits": _Member("EMNIST", transposed=True, options={"split": "digits"}),
}


def load_family(name: DatasetName, root: Path) -> Dataset:
    """A member of the family, upright, with its labels as numbers.

    Raises:
        DatasetError: It is neither readable nor downloadable.
    """
    from torchvision import datasets  # noqa: PLC0415 - a second, and not every data set needs it

    member = _FAMILY[name]
    reader = getattr(datasets, member.reader)

    def read(*, train: bool) -> Images:
        part = reader(root, train=train, download=True, **member.options)
        pixels, targets = part.data[:, None], part.targets
        if member.transposed:
            pixels = pixels.transpose(-1, -2)
        return Images(pixels.contiguous(), targets[:, 0] if targets.ndim > 1 else targets)

    try:
        learning, test = read(train=True), read(train=False)
    except (RuntimeError, OSError, ValueError, TypeError, AssertionError) as error:
        raise DatasetError(
            f"{name} is neither readable in the data directory nor downloadable: {_cause(error)}. "
            "Give --data-dir a directory that holds it in torchvision's layout (for mnist: "
            "MNIST/raw/train-images-idx3-ubyte and its three companions), or a writable one and "
            "a connection; or try --dataset digits, which needs neither"
        ) from error
    labels = DIGITS if member.preprocess == "digit" else tuple(reader.classes)
    return Dataset.of_tensors(name, labels, learning, test, member.preprocess, member.disputed)


def _cause(error: Exception) -> str:
    """The first line of the error, without any path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error) or "a file is damaged or cut short").splitlines()[0]


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

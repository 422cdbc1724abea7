"""Training and validation images, drawn class by class."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from training.data.values import Dataset, Images, Split
from training.errors import DatasetError

Indices = NDArray[np.int64]


def sample(images: Images, count: int) -> Images:
    """Draw that many images, always the same ones; all of them where there are no more."""
    drawn = np.random.default_rng(0).permutation(len(images))[:count]
    return images[torch.from_numpy(np.sort(drawn))]


def split(dataset: Dataset, ratio: float, seed: int) -> Split:
    """Training and validation images drawn class by class; the test images as they are.

    Raises:
        DatasetError: A part would be without an image of some class.
    """
    data = dataset.identity(ratio, seed)
    if dataset.validation is not None:
        return Split(data, dataset.learning, dataset.validation, dataset.test)
    labels = dataset.learning.labels.numpy()
    try:
        train, validation = train_test_split(
            np.arange(len(labels)), train_size=ratio, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise DatasetError(f"the images cannot be split at {ratio}: {error}") from error
    drawn = _with_every_class(train, validation, labels)
    parts = [dataset.learning[torch.from_numpy(np.sort(part))] for part in drawn]
    if any(len(torch.unique(part.labels)) < len(dataset.labels) for part in parts):
        raise DatasetError(f"a split at {ratio} leaves a part without some class: choose another")
    return Split(data, parts[0], parts[1], dataset.test, disputed=dataset.disputed)


def _with_every_class(
    train: Indices, validation: Indices, labels: Indices
) -> tuple[Indices, Indices]:
    """Move an image of each class that is so rare that a part has none of it, where it has two."""
    for rare in np.setdiff1d(labels, labels[validation]):
        [first, *others] = np.flatnonzero(labels[train] == rare)
        if others:
            validation, train = np.append(validation, train[first]), np.delete(train, first)
    for rare in np.setdiff1d(labels, labels[train]):
        [first, *others] = np.flatnonzero(labels[validation] == rare)
        if others:
            train, validation = np.append(train, validation[first]), np.delete(validation, first)
    return train, validation

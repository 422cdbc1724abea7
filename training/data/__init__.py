"""Data sets: where they come from, and how they are divided."""

from dataclasses import replace
from pathlib import Path

import torch

from training.config import DatasetName, Mode
from training.data.credits import CREDITS
from training.data.family import load_digits, load_family
from training.data.folder import load_folder
from training.data.splitting import sample, split
from training.data.values import NO_CLASS, Dataset, Images, Outliers, Split
from training.errors import DatasetError

__all__ = ["NO_CLASS", "Dataset", "Images", "Outliers", "Split", "load", "sample", "split"]


def load(name: DatasetName, data_dir: Path, side: int = 28, mode: Mode = "L") -> Dataset:
    """The whole data set.

    Args:
        name: Which one.
        data_dir: Where its files lie, in torchvision's layout, or where they are downloaded to.
            Only read where the files are already there.
        side: Height and width of a folder's pictures; other sets have their own.
        mode: Of a folder's pictures.

    Raises:
        DatasetError: It is missing and cannot be downloaded, or its files are damaged.
    """
    match name:
        case "digits":
            dataset = load_digits()
        case "folder":
            dataset = load_folder(data_dir, side, mode)
        case _:
            dataset = load_family(name, data_dir)
    _check(name, dataset)
    return replace(dataset, credit=CREDITS[name])


def _check(name: str, dataset: Dataset) -> None:
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

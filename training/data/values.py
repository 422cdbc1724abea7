"""What a data set is: whole tensors in memory.

A data set of this size fits into memory many times over, and indexing a tensor costs less than
any loader.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from artifact.manifest import Preprocess


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

"""What a data set is: whole tensors in memory.

A data set of this size fits into memory many times over, and indexing a tensor costs less than
any loader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from vision.input import Preprocess


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
        disputed: 0-based indices of the test images whose label people disagree with.
    """

    labels: tuple[str, ...]
    learning: Images
    test: Images
    preprocess: Preprocess
    disputed: frozenset[int] = frozenset()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.test.pixels.shape[1:]
        return channels, height, width


NO_CLASS = -1  # the label of a picture of none of the classes


@dataclass(frozen=True)
class Outliers:
    """Pictures of none of a data set's classes.

    Attributes:
        learnt: What the network is taught to be unsure about, labelled NO_CLASS, and what might be
            confused with it but is of a class, labelled as that; None where it is not taught.
        judged: By kind, what it is judged on, from other sources, uint8 [M, C, H, W]; none where
            none are known.
    """

    learnt: Images | None = None
    judged: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """A data set in its three parts, what is in none of its classes, and whose label is disputed.

    Attributes:
        train: To learn from.
        validation: To choose by.
        test: To be evaluated once.
        outliers: In none of the classes.
        disputed: 0-based indices of the test images whose label people disagree with.
    """

    train: Images
    validation: Images
    test: Images
    outliers: Outliers = field(default_factory=Outliers)
    disputed: frozenset[int] = frozenset()

    def to(self, device: torch.device) -> "Split":
        """All that the training looks at, on that device."""
        learnt = self.outliers.learnt
        return Split(
            self.train.to(device),
            self.validation.to(device),
            self.test.to(device),
            replace(self.outliers, learnt=None if learnt is None else learnt.to(device)),
            self.disputed,
        )

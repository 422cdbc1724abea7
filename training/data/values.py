"""What a data set is: whole tensors in memory.

A data set of this size fits into memory many times over, and indexing a tensor costs less than
any loader.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from artifact.files import sha256
from training.data.credits import CREDITS, Credit
from training.data.identity import DataIdentity, digest_lines
from vision.input import Input, Preprocess


@dataclass(frozen=True)
class Images:
    """Pictures and what they show."""

    pixels: Tensor  # [N, C, H, W], uint8
    labels: Tensor  # [N], int64, indices into the data set's labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> "Images":
        return Images(self.pixels[indices], self.labels[indices])

    def to(self, device: torch.device) -> "Images":
        """The same images on that device."""
        return Images(self.pixels.to(device), self.labels.to(device))

    @property
    def truth(self) -> NDArray[np.int64]:
        """The labels as an array."""
        labels: NDArray[np.int64] = self.labels.cpu().numpy()
        return labels

    @property
    def sha256(self) -> str:
        """Digest of the pixels and labels, in their order."""
        tensors = (self.pixels, self.labels)
        return sha256(*(tensor.cpu().contiguous().numpy().tobytes() for tensor in tensors))


@dataclass(frozen=True)
class Dataset:
    """A whole data set."""

    name: str  # for people; a folder's own
    sha256: str  # of every picture as it is stored, with its label
    test_sha256: str  # the same of the test pictures
    labels: tuple[str, ...]  # name of each class
    learning: Images  # what may be learnt from: training and, where it has no part, validation
    test: Images  # what is evaluated once
    preprocess: Preprocess  # how pictures from elsewhere become such pictures
    disputed: frozenset[int] = frozenset()  # places of test images whose label people doubt
    validation: Images | None = None  # to choose by; None: drawn from what may be learnt from
    credit: Credit = CREDITS["folder"]  # who made the pictures
    ground: Literal["seen", "white"] = "seen"  # what transparent pictures lie on

    @classmethod
    def of_tensors(
        cls,
        name: str,
        labels: tuple[str, ...],
        learning: Images,
        test: Images,
        preprocess: Preprocess = "resize",
        disputed: frozenset[int] = frozenset(),
    ) -> "Dataset":
        """A data set whose pictures are stored as they are learnt: its pixels are its identity."""
        digest = digest_lines(
            f"{part} {images.sha256}" for part, images in (("learning", learning), ("test", test))
        )
        return cls(name, digest, test.sha256, labels, learning, test, preprocess, disputed)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.test.pixels.shape[1:]
        return channels, height, width

    def input(self, mean: tuple[float, ...], std: tuple[float, ...]) -> Input:
        """What a network that learnt from this data set takes."""
        return Input(
            shape=self.shape,
            mode="L" if self.shape[0] == 1 else "RGB",
            mean=mean,
            std=std,
            preprocess=self.preprocess,
            ground=self.ground,
        )

    def identity(self, train_ratio: float, seed: int) -> DataIdentity:
        """What is learnt from this data set, split so.

        The ratio is that of its own validation part, where it has one.
        """
        learnt, validated = len(self.learning), len(self.validation or ())
        if validated:
            train_ratio = learnt / (learnt + validated)
        zeros, ones = ((value,) * self.shape[0] for value in (0.0, 1.0))
        return DataIdentity(
            dataset=self.name,
            labels=self.labels,
            pictures=learnt + validated + len(self.test),
            sha256=self.sha256,
            test_sha256=self.test_sha256,
            train_ratio=train_ratio,
            seed=seed,
            preprocessing=self.input(zeros, ones).model_dump(mode="json", exclude={"mean", "std"}),
        )


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
    """A data set in its three parts, what is in none of its classes, and disputed labels."""

    data: DataIdentity  # what it is a split of, and how
    train: Images  # to learn from
    validation: Images  # to choose by
    test: Images  # to be evaluated once
    outliers: Outliers = field(default_factory=Outliers)  # in none of the classes
    disputed: frozenset[int] = frozenset()  # places of test images whose label people doubt

    def to(self, device: torch.device) -> "Split":
        """All that the training looks at, on that device."""
        learnt = self.outliers.learnt
        return replace(
            self,
            train=self.train.to(device),
            validation=self.validation.to(device),
            test=self.test.to(device),
            outliers=replace(self.outliers, learnt=None if learnt is None else learnt.to(device)),
        )

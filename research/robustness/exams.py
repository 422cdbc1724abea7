"""Sets of pictures that a model is asked about."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from artifact.manifest import Manifest
from research.corruptions import KINDS, corrupt
from research.robustness.config import ExaminationConfig
from research.robustness.samples import Sample, default_source, read_samples
from training import data
from training.data import Images
from training.errors import DatasetError
from training.export.parity import encode

ExamName = Literal["pictures", "digits", "clean", "corruptions"]
TITLES: dict[ExamName, str] = {
    "pictures": "pictures from elsewhere",
    "digits": "scikit-learn's digits, enlarged",
    "clean": "MNIST test images as they are",
    "corruptions": "MNIST test images in MNIST-C's fifteen ways",
}

_ENLARGEMENT = 20
_MARGIN = 1  # of the small picture's pixels; the digits touch its border
_BRIGHTEST = 16  # of scikit-learn's digits

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Exam:
    """One set of pictures with their right answers."""

    name: ExamName
    samples: tuple[Sample, ...]

    @property
    def title(self) -> str:
        """What the pictures are, in words."""
        return TITLES[self.name]

    def check(self, manifest: Manifest) -> None:
        """Refuse a model that cannot know the answers.

        Raises:
            DatasetError: A picture has a label that the model does not have.
        """
        unknown = sorted({sample.label for sample in self.samples} - set(manifest.labels))
        if unknown:
            raise DatasetError(
                f"{self.title}: label {unknown[0]!r} is none that {manifest.name} can answer; "
                f"it knows {', '.join(manifest.labels)}"
            )


def prepare(config: ExaminationConfig) -> tuple[Exam, ...]:
    """Make every exam that the configuration asks for.

    Raises:
        DatasetError: Pictures or MNIST are missing or damaged, or nothing is asked for.
    """
    exams: list[Exam] = []
    if config.pictures is not None:
        exams.append(Exam("pictures", read_samples(config.pictures)))
    if config.digits:
        exams.append(Exam("digits", tuple(_enlarged_digits(config.digits, config.seed))))
    if config.corruptions:
        test = data.load("mnist", config.data_dir).test
        chosen = _draw(len(test), config.corruptions, config.seed)
        images = test[torch.from_numpy(chosen)]
        exams.append(Exam("clean", tuple(_as_they_are(images, chosen))))
        exams.append(Exam("corruptions", tuple(_corrupted(images, chosen, config.seed))))
    if not exams:
        raise DatasetError(
            "nothing to evaluate on: give --pictures, or a number above 0 to --digits or "
            "--corruptions"
        )
    return tuple(exams)


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


def _as_they_are(images: Images, indices: NDArray[np.int64]) -> Iterator[Sample]:
    for picture, label, index in zip(
        images.pixels, images.labels.tolist(), indices.tolist(), strict=True
    ):
        yield _encoded(picture, f"test image {index}", str(label), default_source(str(label)))


def _corrupted(images: Images, indices: NDArray[np.int64], seed: int) -> Iterator[Sample]:
    for kind in KINDS:
        pixels = torch.from_numpy(corrupt(kind, images.pixels[:, 0].numpy(), seed))[:, None]
        for picture, label, index in zip(
            pixels, images.labels.tolist(), indices.tolist(), strict=True
        ):
            yield _encoded(picture, f"test image {index}", str(label), kind)


def _encoded(picture: torch.Tensor, name: str, label: str, source: str) -> Sample:
    content = encode(picture)
    return Sample(name, label, source, lambda: content)


def _draw(total: int, count: int, seed: int) -> NDArray[np.int64]:
    """Draw that many different indices, or all there are, in order."""
    drawn = np.random.default_rng(seed).permutation(total)[:count]
    return np.sort(drawn)

"""The test pictures that a network sees most like a given one: neighbours among its features.

Features are what the last linear layer takes. Those of the published test pictures are computed
when they are first asked for, and kept in half precision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from artifact.datasets import Pixels, StoredDataset
from artifact.inspection.class_map import Floats
from artifact.inspection.inspection import Inspection
from artifact.manifest import Manifest
from artifact.runtimes.base import Batch
from vision.preprocess import View, tensor

_MOST_MACS: Final = 120_000_000_000  # some seconds of one core
_MOST_NUMBERS: Final = 4_000_000  # 8 MB
_BATCH: Final = 8  # every value is an output and keeps its memory


@dataclass(frozen=True, slots=True)
class FeatureIndex:
    """Features of a model's test pictures."""

    features: NDArray[np.float16]  # [N, D]
    places: NDArray[np.int64]  # [N], in the data set, from 0
    true: NDArray[np.int64]  # [N], their classes

    def nearest(self, features: Floats, label: int, count: int) -> list[tuple[int, float]]:
        """Find the pictures of a class whose features are nearest to those [D], nearest first.

        Each by its place and its distance, which is Euclidean.
        """
        of_class = np.flatnonzero(self.true == label)
        differences = self.features[of_class].astype(np.float32) - features
        distances = np.sqrt((differences**2).sum(axis=1))
        nearest = np.argsort(distances, kind="stable")[:count]
        places = self.places[of_class[nearest]]
        return list(zip(places.tolist(), distances[nearest].tolist(), strict=True))


def index_features(
    inspection: Inspection,
    manifest: Manifest,
    stored: StoredDataset,
    check: Callable[[], None] = lambda: None,
) -> FeatureIndex:
    """Compute the features of test pictures, or of as many as take some seconds and 8 MB.

    Raises:
        BrokenArtifact: A sheet is not what the data set says.
        NoClassMap: The network has no one value that a linear layer takes.
    """
    dataset = stored.dataset
    width = inspection.features(_batch(stored.pixels(0)[:1], manifest))[0].size
    most = min(_MOST_MACS // manifest.architecture.macs, _MOST_NUMBERS // width)
    step = -(-len(dataset) // max(1, most))
    places = np.arange(0, len(dataset), step)
    in_a_sheet = dataset.columns**2
    parts: list[NDArray[np.float16]] = []
    for number in range(len(dataset.sheets)):
        chosen = places[places // in_a_sheet == number] % in_a_sheet
        pixels = stored.pixels(number)[chosen]
        for start in range(0, len(pixels), _BATCH):
            check()
            batch = _batch(pixels[start : start + _BATCH], manifest)
            parts.append(inspection.features(batch)[0].astype(np.float16))
    return FeatureIndex(np.concatenate(parts), places, np.array(dataset.true)[places])


def _batch(pixels: Pixels, manifest: Manifest) -> Batch:
    """Make test pictures as large as the network takes them, where they were made smaller."""
    height, width = manifest.input.shape[1:]
    views: Sequence[View] = [
        View(each if each.shape[:2] == (height, width) else cv2.resize(each, (width, height)))
        for each in pixels
    ]
    return tensor(views, manifest.input)

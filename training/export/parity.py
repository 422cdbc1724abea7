"""The exported files against the network that they were made of, by the way that a request takes.

The staged folder is opened as the service opens it and gets encoded test pictures, several at a
time; the network has answered the same pictures through training's own transform. So one check
finds an error of export, a frozen batch size, and preprocessing that differs from training's.
"""

import io
from collections.abc import Sequence
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from artifact.manifest import Parity, RuntimeId
from artifact.predictor import Predictor
from artifact.repository import Artifact
from training.data import Images
from training.errors import ParityError
from vision.decode import decode
from vision.preprocess import View, tensor, view

TOLERANCE = 1e-4
BATCH_SIZES = (1, 7, 64)
ROUNDING: Final[frozenset[RuntimeId]] = frozenset({"onnx-int8"})
_MOST_ROUNDED: Final = 0.1  # labels: a file that is broken, not one that is coarse, is refused
NONE_YET = Parity(images=1, max_abs_diff={}, tolerance=TOLERANCE)

Logits = NDArray[np.float32]


def check(
    staged: Artifact, images: Images, expected: Logits, tolerance: float = TOLERANCE
) -> Parity:
    """Compare every runtime of a staged model with the network.

    Returns:
        The largest difference by runtime, and how often a runtime that rounds agrees.

    Raises:
        ParityError: A difference is above the tolerance, or a label is another; of a runtime that
            rounds, more labels are than rounding explains.
    """
    views = [view(decode(encode(picture)), staged.manifest.input) for picture in images.pixels]
    batch = tensor(views, staged.manifest.input)
    agreement = {}
    differences = {}
    for runtime in staged.manifest.runtimes:
        predictor = staged.open(runtime)
        differences[runtime] = _difference(predictor, batch, expected, tolerance)
        agreement[runtime] = _agreement(predictor, views, expected)
    return Parity(
        images=len(images),
        max_abs_diff=differences,
        tolerance=tolerance,
        agreement={runtime: share for runtime, share in agreement.items() if runtime in ROUNDING},
    )


def encode(picture: Tensor) -> bytes:
    """A stored picture [C, H, W], uint8, as a PNG file."""
    pixels = picture.permute(1, 2, 0).squeeze(-1).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _difference(
    predictor: Predictor, batch: NDArray[np.float32], expected: Logits, tolerance: float
) -> float:
    """The largest difference of two logits, at any number of pictures at a time."""
    found = [
        np.concatenate([predictor.run(batch[at : at + size]) for at in range(0, len(batch), size)])
        for size in BATCH_SIZES
    ]
    largest = float(np.abs(np.stack(found) - expected).max())
    accepted = inf if predictor.runtime_id in ROUNDING else tolerance
    if not largest <= accepted:  # so that NaN is refused as well
        raise ParityError(
            f"{predictor.runtime_id} differs from the network by {largest:.2g} in a logit; at most "
            f"{accepted:g} is accepted"
        )
    return largest


def _agreement(predictor: Predictor, views: Sequence[View], expected: Logits) -> float:
    """Share of the pictures that are named as the network does."""
    labels = np.array(predictor.manifest.labels)[expected.argmax(axis=1)]
    agrees = np.array([prediction.label for prediction in predictor.predict(views)]) == labels
    others = int((~agrees).sum())
    accepted = _MOST_ROUNDED * len(labels) if predictor.runtime_id in ROUNDING else 0
    if others > accepted:
        raise ParityError(
            f"{predictor.runtime_id} names another label than the network for {others} of "
            f"{len(labels)} test images; at most {accepted:.0f} are accepted"
        )
    return float(agrees.mean())

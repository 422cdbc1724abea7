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
    agreement = {}
    differences = {}
    for runtime in staged.manifest.runtimes:
        predictor = staged.open(runtime)
        differences[runtime] = _compare(predictor, views, expected, tolerance)
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


def _compare(
    predictor: Predictor, views: Sequence[View], expected: Logits, tolerance: float
) -> float:
    """The largest difference of two logits over all batch sizes."""
    batch = tensor(views, predictor.manifest.input)
    largest = max(_difference(predictor, batch, size, expected) for size in BATCH_SIZES)
    accepted = inf if predictor.runtime_id in ROUNDING else tolerance
    if not largest <= accepted:  # so that NaN is refused as well
        raise ParityError(
            f"{predictor.runtime_id} differs from the network by {largest:.2g} in a logit; at most "
            f"{accepted:g} is accepted"
        )
    return largest


def _agreement(predictor: Predictor, views: Sequence[View], expected: Logits) -> float:
    """Share of the pictures that are named as the network does."""
    labels = [predictor.manifest.labels[index] for index in expected.argmax(axis=1)]
    answers = [prediction.label for prediction in predictor.predict(views)]
    others = sum(answer != label for answer, label in zip(answers, labels, strict=True))
    accepted = _MOST_ROUNDED * len(labels) if predictor.runtime_id in ROUNDING else 0
    if others > accepted:
        raise ParityError(
            f"{predictor.runtime_id} names another label than the network for {others} of "
            f"{len(labels)} test images; at most {accepted:.0f} are accepted"
        )
    return float(np.mean(np.array(answers) == np.array(labels)))


def _difference(
    predictor: Predictor, batch: NDArray[np.float32], size: int, expected: Logits
) -> float:
    """The largest difference where that many pictures are run at a time."""
    parts = [predictor.run(batch[start : start + size]) for start in range(0, len(batch), size)]
    return float(np.abs(np.concatenate(parts) - expected).max())

"""The exported files against the network that they were made of, by the way that a request takes.

The staged folder is opened as the service opens it and gets encoded test pictures, several at a
time; the network has answered the same pictures through training's own transform. So one check
finds an error of export, a frozen batch size, and preprocessing that differs from training's.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from artifact.images import decode
from artifact.manifest import Parity
from artifact.predictor import Predictor
from artifact.preprocess import View, tensor, view
from artifact.repository import Artifact
from training.data import Images
from training.errors import ParityError

TOLERANCE = 1e-4
BATCH_SIZES = (1, 7, 64)
NONE_YET = Parity(images=1, max_abs_diff={}, tolerance=TOLERANCE)

Logits = NDArray[np.float32]


def check(staged: Artifact, images: Images, expected: Logits) -> Parity:
    """Compare every runtime of a staged model with the network.

    Args:
        staged: With a manifest and its model files.
        images: N stored test images.
        expected: The network's logits for them, [N, classes].

    Returns:
        The largest difference by runtime.

    Raises:
        ParityError: A difference is above the tolerance, or a label is another.
    """
    views = [view(decode(encode(picture)), staged.manifest.input) for picture in images.pixels]
    differences = {
        runtime: _compare(staged.open(runtime), views, expected)
        for runtime in staged.manifest.runtimes
    }
    return Parity(images=len(images), max_abs_diff=differences, tolerance=TOLERANCE)


def encode(picture: Tensor) -> bytes:
    """A stored picture [C, H, W], uint8, as a PNG file."""
    pixels = picture.permute(1, 2, 0).squeeze(-1).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def _compare(predictor: Predictor, views: Sequence[View], expected: Logits) -> float:
    """The largest difference of two logits over all batch sizes."""
    batch = tensor(views, predictor.manifest.input)
    difference = max(_difference(predictor, batch, size, expected) for size in BATCH_SIZES)
    labels = [predictor.manifest.labels[index] for index in expected.argmax(axis=1)]
    answers = [prediction.label for prediction in predictor.predict(views)]
    others = sum(answer != label for answer, label in zip(answers, labels, strict=True))
    if others:
        raise ParityError(
            f"{predictor.runtime_id} names another label than the network for {others} of "
            f"{len(labels)} test images; none is accepted"
        )
    return difference


def _difference(
    predictor: Predictor, batch: NDArray[np.float32], size: int, expected: Logits
) -> float:
    """The largest difference where that many pictures are run at a time."""
    parts = [predictor.run(batch[start : start + size]) for start in range(0, len(batch), size)]
    difference = float(np.abs(np.concatenate(parts) - expected).max())
    if not difference <= TOLERANCE:  # so that NaN is refused as well
        raise ParityError(
            f"{predictor.runtime_id} differs from the network by {difference:.2g} in a logit at "
            f"batch size {size}; at most {TOLERANCE:g} is accepted"
        )
    return difference

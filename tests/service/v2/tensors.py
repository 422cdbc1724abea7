"""Inputs for the real client, whose answers are known."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tritonclient.http import InferInput

from tests.known_answer import GAIN, LABELS, SIDE, picture

V2_GAIN = 2 * GAIN  # of version 2 of `known`, the one that is served


def quarters(*labels: str) -> NDArray[np.float32]:
    """One picture for each label, [N, 1, SIDE, SIDE]: that quarter is 1, the rest 0."""
    rows = np.eye(4, dtype=np.float32)[[LABELS.index(label) for label in labels]]
    return rows.reshape(-1, 1, 2, 2).repeat(SIDE // 2, 2).repeat(SIDE // 2, 3)


def logits(*labels: str, gain: float = V2_GAIN) -> NDArray[np.float32]:
    """What the model says of `quarters` of those labels."""
    return gain * np.eye(4, dtype=np.float32)[[LABELS.index(label) for label in labels]]


def tensor_input(values: NDArray[np.float32], *, binary: bool = True) -> InferInput:
    given = InferInput("pixels", list(values.shape), "FP32")
    return given.set_data_from_numpy(values, binary_data=binary)


def image_input(*pictures: bytes, shape: Sequence[int] | None = None) -> InferInput:
    values = np.array(pictures, np.object_).reshape(shape or (-1, 1))
    return InferInput("image", list(values.shape), "BYTES").set_data_from_numpy(values)


def pictures(*labels: str) -> list[bytes]:
    return [picture(label) for label in labels]

"""From what the network sees to an answer: logits, temperature, probabilities, acceptance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from artifact.manifest import Manifest, RuntimeId
from artifact.preprocess import View, tensor
from artifact.runtime import Batch, Logits, Runtime

Reason = Literal["blank", "several", "uncertain"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one picture.

    Attributes:
        label: The most probable class.
        probability: Of that class, after the temperature.
        probabilities: Of every class, in the manifest's order; they sum to 1.
        accepted: Whether the picture is one that the model can answer for.
        reason: Why it is not accepted; None where it is.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    accepted: bool
    reason: Reason | None


class Predictor:
    """One published model on one runtime."""

    def __init__(self, manifest: Manifest, runtime_id: RuntimeId, runtime: Runtime) -> None:
        self.manifest = manifest
        self.runtime_id = runtime_id
        self._runtime = runtime

    def run(self, batch: Batch) -> Logits:
        """Compute the raw logits [N, K] of a batch [N, C, H, W], before the temperature."""
        return self._runtime.run(batch)

    def predict(self, views: Sequence[View]) -> list[Prediction]:
        """Answer N views, in their order."""
        logits = self.run(tensor(views, self.manifest.input))
        rows = softmax(logits / np.float32(self.manifest.temperature))
        return [self._answer(view, row) for view, row in zip(views, rows.tolist(), strict=True)]

    def _answer(self, view: View, probabilities: list[float]) -> Prediction:
        labels = self.manifest.labels
        probability = max(probabilities)
        reason = view.reason or self._doubt(probability)
        return Prediction(
            label=labels[probabilities.index(probability)],
            probability=probability,
            probabilities=dict(zip(labels, probabilities, strict=True)),
            accepted=reason is None,
            reason=reason,
        )

    def _doubt(self, probability: float) -> Reason | None:
        rejection = self.manifest.rejection
        if rejection is not None and probability < rejection.threshold:
            return "uncertain"
        return None


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits [N, K] into probabilities [N, K], without overflow for any finite logits."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float32] = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities

"""From what the network sees to an answer: logits, temperature, probabilities, acceptance."""

from collections.abc import Sequence
from math import isfinite
from typing import Literal, NamedTuple

import numpy as np

from artifact.errors import BrokenArtifact
from artifact.manifest import Manifest, RuntimeId
from artifact.runtimes.base import Batch, Logits, Runtime
from artifact.scores import SCORES, distribution, softmax
from vision.preprocess import View, tensor

Reason = Literal["blank", "several", "not-a-digit", "unfamiliar"]


class Prediction(NamedTuple):
    """The answer for one picture."""

    label: str  # the most probable class
    probability: float  # of that class, after the temperature
    probabilities: dict[str, float]  # of every class, in the manifest's order; they sum to 1
    accepted: bool  # whether the picture is one that the model can answer for
    reason: Reason | None  # why it is not accepted; None where it is


class Predictor:
    """One published model on one runtime."""

    def __init__(self, manifest: Manifest, runtime_id: RuntimeId, runtime: Runtime) -> None:
        self.manifest = manifest
        self.runtime_id = runtime_id
        self.input_name = runtime.input_name
        self.output_name = runtime.output_name
        self._runtime = runtime
        self.rejected: Reason = (
            "not-a-digit" if manifest.input.preprocess == "digit" else "unfamiliar"
        )
        self._temperature = np.float32(manifest.temperature)

    def run(self, batch: Batch) -> Logits:
        """Compute the raw logits [N, K] of a batch [N, C, H, W], before the temperature.

        A batch that was not made of pictures may hold anything, and so may its logits.
        """
        return self._runtime.run(batch)

    def check_finite(self, logits: Logits) -> None:
        """Refuse the logits [N, K] of pictures that cannot be answers.

        Raises:
            BrokenArtifact: The network answers with NaN, with infinity, or near it.
        """
        # One number tells of all, in half a microsecond: their squares overflow or carry the NaN.
        if not isfinite(np.vdot(logits, logits)):
            raise BrokenArtifact(
                f"model {self.manifest.name} version {self.manifest.version} answers with numbers "
                f"that are not finite on {self.runtime_id}"
            )

    def predict(self, views: Sequence[View]) -> list[Prediction]:
        """Answer N views, in their order."""
        return self.answers(views, self.run(self.batch(views)))

    def batch(self, views: Sequence[View]) -> Batch:
        """Make of N views what the network takes, [N, C, H, W]."""
        return tensor(views, self.manifest.input)

    def answers(self, views: Sequence[View], raw: Logits) -> list[Prediction]:
        """Make of N views and their raw logits [N, K] the answers, in their order.

        Raises:
            BrokenArtifact: As for `check_finite`.
        """
        self.check_finite(raw)
        logits = self._tempered(raw)
        answers = zip(views, logits.tolist(), self._accepts(logits), strict=True)
        return [
            self._answer(view, distribution(each), accepted) for view, each, accepted in answers
        ]

    def probabilities(self, raw: Logits) -> Logits:
        """Turn raw logits [N, K] into probabilities [N, K], in the order of the labels."""
        return softmax(self._tempered(raw))

    def in_distribution(self, raw: Logits) -> list[bool]:
        """Whether each picture, by raw logits [N, K], reaches the rejection threshold."""
        return self._accepts(self._tempered(raw))

    def _tempered(self, raw: Logits) -> Logits:
        tempered: Logits = raw / self._temperature
        return tempered

    def _accepts(self, logits: Logits) -> list[bool]:
        rejection = self.manifest.rejection
        if rejection is None:
            return [True] * len(logits)
        accepted: list[bool] = (SCORES[rejection.score](logits) >= rejection.threshold).tolist()
        return accepted

    def _answer(self, view: View, probabilities: list[float], accepted: bool) -> Prediction:
        labels = self.manifest.labels
        probability = max(probabilities)
        reason = view.reason or (None if accepted else self.rejected)
        return Prediction(
            label=labels[probabilities.index(probability)],
            probability=probability,
            probabilities=dict(zip(labels, probabilities, strict=True)),
            accepted=reason is None,
            reason=reason,
        )

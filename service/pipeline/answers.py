"""The answer for one picture, as JSON.

It is written straight to JSON: it is made here, so nothing is gained by validating it. The
response models document it, and tests hold the two together.
"""

from typing import Any

from artifact.predictor import Prediction, Predictor


def answer(predictor: Predictor, prediction: Prediction) -> dict[str, Any]:
    """Say who answered and what, as `service.api.schemas.Answer` documents it."""
    manifest = predictor.manifest
    return {
        "model": manifest.name,
        "version": manifest.version,
        "runtime": predictor.runtime_id,
        "label": prediction.label,
        "probability": prediction.probability,
        "probabilities": prediction.probabilities,
        "accepted": prediction.accepted,
        "reason": prediction.reason,
        "findings": [finding.name for finding in manifest.findings],
    }

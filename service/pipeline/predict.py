"""What one picture shows: from a request's body to the JSON of its answer."""

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image
from pydantic import Field
from pydantic_core import to_json

from artifact.manifest import Part
from artifact.predictor import Prediction, Predictor
from artifact.runtimes.base import Batch, Logits
from service.observability.telemetry import Trace
from service.pipeline.decoding import Pictures, Preparation
from service.pipeline.engine import Call, Deliver, Engine, Group, Rendered
from service.pipeline.inference import Inference
from service.registry import ModelRegistry
from vision.preprocess import View


class Choice(Part):
    """Which model answers, and on which runtime."""

    model: str | None = Field(
        default=None,
        description="Name of a model; `GET /models` lists them and marks the default.",
    )
    version: int | None = Field(default=None, ge=1, description="Of the model; unset: the highest.")
    runtime: str | None = Field(
        default=None,
        description="`onnx`, `onnx-int8` or `torchscript`; unset: the model's first.",
    )

    def predictor(self, models: ModelRegistry) -> Predictor:
        """Find the predictor that is chosen.

        Raises:
            UnknownModel: There is no such model, version or runtime.
        """
        return models.get(self.model, self.version).predictor(self.runtime)


class PredictChoice(Choice):
    """Which model answers, and how much it says."""

    explain: bool = Field(
        default=False, description="Also say what the network saw, and where in the picture."
    )


class PredictRequest(NamedTuple):
    """One encoded picture, and who is to say what it shows."""

    predictor: Predictor
    picture: bytes
    explain: bool = False


_Seen = tuple[View, bool]  # and whether the answer is to explain it


class PredictEngine(Engine[PredictRequest, _Seen]):
    """Answers with the JSON of `service.api.schemas.Answer`."""

    def __init__(self, pictures: Pictures, inference: Inference) -> None:
        super().__init__(inference)
        self._pictures = pictures

    def submit(self, request: PredictRequest, deliver: Deliver, trace: Trace) -> Call:
        """Begin with a request, whose picture is decoded together with others of this turn."""
        call = Call(request, deliver, trace)
        inputs = (request.predictor.manifest.input,)
        picture = Preparation(request.picture, inputs, self._infer_seen, call, trace)
        call.work = picture
        self._pictures.submit(picture)
        return call

    def _infer_seen(self, pictures: Sequence[Preparation]) -> None:
        seen = []
        for picture in pictures:
            call: Call = picture.owner
            if isinstance(picture.outcome, Exception):
                call.end(picture.outcome)
            else:
                request: PredictRequest = call.request
                seen.append((call, request.predictor, (picture.outcome[0], request.explain)))
        self._infer_together(seen)

    def _batch(self, group: Group[_Seen]) -> Batch:
        return group.predictor.batch([view for view, _ in group.items])

    def _render(self, group: Group[_Seen], logits: Logits, began: float) -> list[Rendered]:  # noqa: ARG002 - nothing of it is told
        predictor = group.predictor
        predictions = predictor.answers([view for view, _ in group.items], logits)
        return [
            Rendered(to_json(answer(predictor, prediction, view if explain else None)))
            for prediction, (view, explain) in zip(predictions, group.items, strict=True)
        ]


def answer(
    predictor: Predictor, prediction: Prediction, explained: View | None = None
) -> dict[str, object]:
    """Say who answered and what, as `service.api.schemas.Answer` documents it."""
    manifest = predictor.manifest
    said = {
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
    return said if explained is None else said | {"explanation": explain(explained)}


def explain(view: View) -> dict[str, object]:
    """Say what the network saw, as `service.api.schemas.Explanation` documents it."""
    png = io.BytesIO()
    Image.fromarray(view.pixels).save(png, format="PNG")
    return {
        "seen": b64encode(png.getvalue()).decode(),
        "box": view.box,
        "polarity": view.polarity,
    }

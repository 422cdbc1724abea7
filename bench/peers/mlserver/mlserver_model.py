"""MLServer: a custom runtime that takes the V2 protocol's tensors as they are.

mlserver start FOLDER, where model-settings.json names this class
"""

from classifier import Classifier
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse


class Classify(MLModel):
    """Runs the ONNX file on the request's one tensor."""

    async def load(self) -> bool:
        """Load the model."""
        self._classifier = Classifier()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer the logits of [N, 1, 28, 28]."""
        logits = self._classifier.logits(NumpyCodec.decode_input(payload.inputs[0]))
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("logits", logits)]
        )

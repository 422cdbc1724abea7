"""BentoML: a service class with one worker.

bentoml serve serve_bentoml:Classify --port PORT
"""

import bentoml
from classifier import Classifier
from PIL.Image import Image


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Classify:
    """Names what a picture shows."""

    def __init__(self) -> None:
        self._classifier = Classifier()

    @bentoml.api
    async def predict(self, image: Image) -> dict[str, str | float]:
        """Take the picture as a file of a form; BentoML decodes it."""
        return self._classifier.answer_all(self._classifier.prepare_image(image)[None])[0]

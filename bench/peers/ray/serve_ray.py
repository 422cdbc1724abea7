"""Ray Serve: its proxy in front, one replica of a FastAPI deployment behind it.

python serve_ray.py PORT
"""

import signal
import sys
import tempfile

import ray
from classifier import Classifier
from fastapi import FastAPI, UploadFile
from ray import serve

app = FastAPI()


@serve.deployment(
    num_replicas=1, max_ongoing_requests=100, logging_config={"enable_access_log": False}
)
@serve.ingress(app)
class Classify:
    """Names what a picture shows."""

    def __init__(self) -> None:
        self._classifier = Classifier()

    @app.post("/predict")
    async def predict(self, image: UploadFile) -> dict[str, str | float]:
        """Take the picture as a file of a form."""
        return self._classifier.answer(await image.read())


def main() -> None:
    """Serve until a signal ends it."""
    ray.init(
        num_cpus=1, include_dashboard=False, log_to_driver=False, _temp_dir=tempfile.gettempdir()
    )
    serve.start(
        http_options={"host": "127.0.0.1", "port": int(sys.argv[1])},
        logging_config={"enable_access_log": False},
    )
    serve.run(Classify.bind())
    signal.pause()


if __name__ == "__main__":
    main()

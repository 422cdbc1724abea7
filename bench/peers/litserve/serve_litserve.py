"""LitServe: FastAPI in front, the model in a process of its own.

python serve_litserve.py PORT

BENCH_BATCH is the largest batch; above 1, LitServe waits a millisecond for it to fill.
"""

import os
import sys

import litserve as ls
import numpy as np
from classifier import Classifier, Tensor
from fastapi import Request

_BATCH = int(os.environ["BENCH_BATCH"])


class Classify(ls.LitAPI):
    """The steps that LitServe calls in turn."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        """Load the model in the worker's process."""
        self._classifier = Classifier()

    def decode_request(self, request: Request) -> Tensor:
        """Prepare the form's file; LitServe passes on the form of what it takes as a request."""
        return self._classifier.prepare(request["image"].file.read())

    def batch(self, inputs: list[Tensor]) -> Tensor:
        """Stack what has arrived."""
        return np.stack(inputs)

    def predict(self, batch: Tensor) -> object:
        """Answer a batch, or one picture where LitServe does not batch."""
        if _BATCH == 1:
            return self._classifier.answer_all(batch[None])[0]
        return self._classifier.answer_all(batch)

    def unbatch(self, output: list[object]) -> list[object]:
        """One answer for each picture."""
        return output


if __name__ == "__main__":
    api = Classify(max_batch_size=_BATCH, batch_timeout=0.001 if _BATCH > 1 else 0.0)
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )

"""mosec: a Rust front, and a Python worker in a process of its own.

python serve_mosec.py --port PORT (the rest are mosec's own options)

BENCH_BATCH is the largest batch; above 1, mosec waits a millisecond for it to fill.
"""

import os

import numpy as np
from classifier import Classifier, Tensor
from mosec import Server, Worker

_BATCH = int(os.environ["BENCH_BATCH"])


class Classify(Worker):
    """The one stage of the pipeline."""

    def __init__(self) -> None:
        self._classifier = Classifier()

    def deserialize(self, data: bytes) -> Tensor:
        """Prepare the picture that is the request's body."""
        return self._classifier.prepare(data)

    def forward(self, data: list[Tensor] | Tensor) -> object:
        """Answer what mosec gives: a list when it batches, else one picture."""
        if _BATCH == 1:
            return self._classifier.answer_all(data[None])[0]
        return self._classifier.answer_all(np.stack(data))


if __name__ == "__main__":
    server = Server()
    server.append_worker(Classify, max_batch_size=_BATCH, max_wait_time=1 if _BATCH > 1 else 0)
    server.run()

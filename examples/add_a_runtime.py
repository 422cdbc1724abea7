"""Another program that executes the same ONNX file: the reference that ONNX itself ships.

python examples/add_a_runtime.py [MODELS_DIR] [NAME]

A runtime is a class with `run` and the names of its input and output; a `Predictor` does the rest.
To have the service offer one, give it an id in `artifact.manifest.RuntimeId` and a row in
`artifact.runtimes.table`.
"""

import sys
from pathlib import Path

import numpy as np
from onnx.reference import ReferenceEvaluator

from artifact.predictor import Predictor
from artifact.repository import Repository
from artifact.runtimes.base import Batch, Logits


class ReferenceRuntime:
    """ONNX's own evaluator: plain numpy, slow, and right by definition."""

    def __init__(self, model: bytes) -> None:
        """Load a model that has one input and one output."""
        self._evaluator = ReferenceEvaluator(model)
        self.input_name = self._evaluator.input_names[0]
        self.output_name = self._evaluator.output_names[0]

    def run(self, batch: Batch) -> Logits:
        """Compute the logits [N, K] of a batch [N, C, H, W]."""
        [logits] = self._evaluator.run(None, {self.input_name: batch})
        return np.asarray(logits, np.float32)


def main(models_dir: str = "models", name: str | None = None) -> None:
    """Hold the reference against ONNX Runtime on the same batch."""
    repository = Repository.scan(Path(models_dir))
    artifact = repository.get(name or next(iter(repository)).manifest.name)
    reference = Predictor(artifact.manifest, "onnx", ReferenceRuntime(artifact.read("onnx")))
    choice = np.random.default_rng(0)
    batch = choice.normal(size=(2, *artifact.manifest.input.shape)).astype(np.float32)
    difference = np.abs(reference.run(batch) - artifact.open("onnx").run(batch)).max()
    print(f"{artifact}: the largest difference of two logits is {difference:.1e}")


if __name__ == "__main__":
    main(*sys.argv[1:])

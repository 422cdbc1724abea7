"""What every peer does with a picture: decode it, scale it, ask ONNX Runtime.

The plainest code that gives right answers on pictures that look like MNIST's; it is the same for
all peers, so that what differs between them is the server. The environment names the model:
BENCH_MODEL is the path of an ONNX file that lies beside its manifest.json.
"""

import io
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from PIL import Image

Tensor = NDArray[np.float32]


class Classifier:
    """A published model on one thread of ONNX Runtime."""

    def __init__(self) -> None:
        path = Path(os.environ["BENCH_MODEL"])
        manifest = json.loads(path.with_name("manifest.json").read_text())
        self.labels: list[str] = manifest["labels"]
        spec = manifest["input"]
        self._size = spec["shape"][2], spec["shape"][1]
        self._mean, self._std = np.float32(spec["mean"][0]), np.float32(spec["std"][0])
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self.session.get_inputs()[0].name

    def prepare(self, encoded: bytes) -> Tensor:
        """Decode a picture and scale it: [1, 28, 28]."""
        return self.prepare_image(Image.open(io.BytesIO(encoded)))

    def prepare_image(self, image: Image.Image) -> Tensor:
        """Scale a decoded picture: [1, 28, 28]."""
        image = image.convert("L")
        if image.size != self._size:
            image = image.resize(self._size)
        pixels = np.asarray(image, np.float32) / np.float32(255)
        return ((pixels - self._mean) / self._std)[None]

    def logits(self, batch: Tensor) -> Tensor:
        """Run the network on [N, 1, 28, 28]: [N, 10]."""
        return self.session.run(None, {self._input: batch})[0]

    def answer_all(self, batch: Tensor) -> list[dict[str, str | float]]:
        """Name what each of [N, 1, 28, 28] shows, and how sure that is."""
        logits = self.logits(batch)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = exponents / exponents.sum(axis=1, keepdims=True)
        best = probabilities.argmax(axis=1)
        return [
            {"label": self.labels[index], "probability": float(row[index])}
            for row, index in zip(probabilities, best, strict=True)
        ]

    def answer(self, encoded: bytes) -> dict[str, str | float]:
        """Name what one encoded picture shows."""
        return self.answer_all(self.prepare(encoded)[None])[0]

"""TorchScript, the one runtime that needs torch; imported only where a model is opened on it."""

import io
import warnings

import numpy as np
import torch

from artifact.errors import BrokenArtifact
from artifact.runtimes.base import MOST_AT_ONCE, Batch, Logits, pieces


class TorchScriptRuntime:
    """A frozen TorchScript module on the CPU.

    Loading one runs code out of the file: give it bytes whose checksum was verified.
    """

    # The file names neither.
    input_name = "input"
    output_name = "logits"

    def __init__(self, model: bytes, threads: int = 1) -> None:
        """Load the archive; `threads` is torch's, and so the whole process's.

        Raises:
            BrokenArtifact: The bytes are no TorchScript archive.
        """
        torch.set_num_threads(threads)
        try:
            with warnings.catch_warnings():
                # Deprecated upstream since torch 2.10, by different kinds of warning in different
                # releases; it stays because it is asked for.
                warnings.filterwarnings("ignore", r"`torch\.jit\.load` is")
                self._module = torch.jit.load(io.BytesIO(model), map_location="cpu").eval()
        except Exception as error:  # its unpickler raises what it likes
            raise BrokenArtifact("torch refuses the TorchScript archive") from error

    def run(self, batch: Batch) -> Logits:
        """Compute the logits [N, K] of a batch [N, C, H, W]; of many large pictures in pieces."""
        if batch.size <= MOST_AT_ONCE:
            return self._run(batch)
        return np.concatenate([self._run(piece) for piece in pieces(batch, len(batch))])

    def _run(self, batch: Batch) -> Logits:
        with torch.inference_mode():
            logits: Logits = self._module(torch.from_numpy(batch)).numpy()
        return logits

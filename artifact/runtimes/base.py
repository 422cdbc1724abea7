"""What every runtime takes and gives."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]
Logits = NDArray[np.float32]


class Runtime(Protocol):
    """Executes one model file; safe to call from several threads at once."""

    input_name: str  # of the batch, in the file
    output_name: str  # of the logits, in the file

    def run(self, batch: Batch) -> Logits:
        """Compute the logits [N, K] of a batch [N, C, H, W], N at least 1."""
        ...

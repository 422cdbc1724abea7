"""What every runtime takes and gives."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]
Logits = NDArray[np.float32]

# Numbers of a batch that is run at once, 4 pictures in colour of 192 pixels: a network's maps take
# dozens of times as much, and a library keeps what its largest batch ever took.
MOST_AT_ONCE: Final = 1 << 19


class Runtime(Protocol):
    """Executes one model file; safe to call from several threads at once."""

    input_name: str  # of the batch, in the file
    output_name: str  # of the logits, in the file

    def run(self, batch: Batch) -> Logits:
        """Compute the logits [N, K] of a batch [N, C, H, W], N at least 1."""
        ...


def pieces(batch: Batch, most: int) -> list[Batch]:
    """The batch [N, C, H, W] in parts that are run one after the other.

    Args:
        batch: Of one picture at least.
        most: Pictures of a part; fewer where they are large.
    """
    size = max(1, min(most, MOST_AT_ONCE // batch[0].size))
    return [batch[start : start + size] for start in range(0, len(batch), size)]

"""What a person sees while a network is trained."""

import sys
from typing import Self

from tqdm import tqdm

from artifact.metrics import Epoch


class Progress:
    """One bar over the whole run on a terminal, and one line an epoch everywhere."""

    def __init__(self, epochs: int, steps: int, done: int = 0) -> None:
        self.epochs = epochs
        self.stream = sys.stderr
        self.bar = tqdm(
            total=epochs * steps,
            initial=done * steps,
            file=self.stream,
            disable=not self.stream.isatty(),
            unit="batch",
            dynamic_ncols=True,
            leave=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    @property
    def visible(self) -> bool:
        """Whether the bar is shown: figures for it cost a wait for the device."""
        return not self.bar.disable

    def step(self) -> None:
        """One step of the optimizer is done."""
        self.bar.update()

    def show(self, epoch: int, loss: float, accuracy: float) -> None:
        """Put the running figures of this epoch beside the bar."""
        self.bar.set_description(f"epoch {epoch}/{self.epochs}", refresh=False)
        self.bar.set_postfix(loss=f"{loss:.4f}", accuracy=f"{accuracy:.4f}", refresh=False)

    def warn(self, epoch: int, findings: str) -> None:
        """Write what is wrong with the network after that epoch."""
        tqdm.write(f"epoch {epoch:>3}/{self.epochs}  so far: {findings}", file=self.stream)

    def finish(self, row: Epoch) -> None:
        """Write the line of a finished epoch."""
        line = (
            f"epoch {row.epoch:>3}/{self.epochs}"
            f"  train loss {row.train_loss:.4f} accuracy {row.train_accuracy:.4f}"
            f"  validation loss {row.validation_loss:.4f} accuracy {row.validation_accuracy:.4f}"
            f"  learning rate {row.learning_rate:.1e}  {row.seconds:.1f} s"
        )
        tqdm.write(line, file=self.stream)
        self.stream.flush()

"""What `tandem decide` is told."""

import os
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from artifact.manifest import Name, Part, Share
from artifact.statistics.constraints import Constraints, Positive


class DecideConfig(Part):
    """What to learn, in how long, and what the pick must meet."""

    name: Name | None = Field(
        None, description="Of the data set, and the first part of every model's; the folder's own."
    )
    minutes: Annotated[float, Field(gt=0)] = Field(
        10, description="That the whole command may take."
    )
    seed: int = Field(0, ge=0, description="Of the splits, the weights and every draw.")
    epochs: int = Field(
        60, ge=1, description="Passes over the pictures, at most, of an arm that is trained."
    )
    arms: tuple[str, ...] = Field((), description="That compete; by default all that fit.")
    threads: int = Field(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        ge=1,
        description="Of one operation.",
    )
    models_dir: Path = Field(Path("models"), description="The model repository to publish to.")
    runs_dir: Path = Field(Path("runs"), description="Where results lie until they are needed.")

    def named(self, folder: Path) -> str:
        """The data set's name."""
        lower = re.sub(r"[^a-z0-9._]+", "-", folder.resolve().name.lower()).strip("-._")
        return self.name or lower[:40] or "own"


class Limits(Part):
    """What the pick must meet."""

    min_accuracy: Share | None = Field(None, description="Share of all pictures named rightly.")
    max_ms: Positive | None = Field(None, description="Milliseconds for one picture, here.")
    max_kib: Positive | None = Field(None, description="Size of the model file.")
    min_recall: tuple[str, ...] = Field(
        (), description="Share of a class's pictures that must be found, as CLASS=0.9."
    )

    @field_validator("min_recall")
    @classmethod
    def _are_shares(cls, told: tuple[str, ...]) -> tuple[str, ...]:
        for one in told:
            label, _, least = one.rpartition("=")
            if not (label and re.fullmatch(r"0(\.\d+)?|1(\.0+)?", least)):
                raise ValueError(f"{one} is not written CLASS=0.9")
        return told

    @property
    def constraints(self) -> Constraints:
        """As the decision takes them."""
        pairs = (one.rpartition("=") for one in self.min_recall)
        recalls = {label: float(least) for label, _, least in pairs}
        return Constraints.model_validate(self.model_dump() | {"min_recall": recalls})


def add_arguments(command: ArgumentParser) -> None:
    """Add what is no field of the configuration."""
    command.add_argument("folder", type=Path, metavar="DIR", help="One folder of pictures a class.")
    command.add_argument("--json", type=Path, metavar="FILE", help="Write all that came out there.")
    command.add_argument(
        "--download",
        action="store_true",
        help="Fetch torchvision's ImageNet weights into torch's cache, unless they are there.",
    )
    command.add_argument(
        "--serve",
        action="store_true",
        help="Then serve it; the pick answers where a request names no model.",
    )

"""What a study is: a question, a base configuration, and what each arm changes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from artifact.study import Head, Protocol, digest
from training.augmentation import Augmentation
from training.config import RunConfig


@dataclass(frozen=True)
class Run:
    """All that decides one result."""

    config: RunConfig
    head: Head = "linear"

    @property
    def digest(self) -> str:
        """What its result is stored under."""
        return digest(self.config.model_dump(mode="json"), self.head)

    @property
    def effective(self) -> "Run":
        """The run without what has no effect: two runs whose effective ones are equal are equal."""
        if self.config.augmentation.strength:
            return self
        none = Augmentation(strength=0)
        return replace(self, config=self.config.model_copy(update={"augmentation": none}))


@dataclass(frozen=True)
class Arm:
    """One choice.

    Attributes:
        changes: Fields of the base configuration with the values that they have here.
    """

    label: str  # as figures and tables call it
    changes: dict[str, JsonValue] = field(default_factory=dict)
    head: Head = "linear"  # what ends the network


@dataclass(frozen=True)
class Definition:
    """A study before it is run."""

    name: str  # of its folder
    question: str
    protocol: Protocol  # whose base it has
    base: RunConfig  # what the arms change
    arms: tuple[Arm, ...]  # at least one
    seeds: int  # how many, from 0 on

    def runs(self) -> Iterator[tuple[Arm, Run]]:
        """Every run, all arms of one seed before the next seed."""
        for seed in range(self.seeds):
            for arm in self.arms:
                yield arm, self.run(arm, seed)

    def run(self, arm: Arm, seed: int) -> Run:
        """The run of that arm and seed."""
        return Run(changed(self.base, {**arm.changes, "seed": seed}), arm.head)

    def varied(self, seeds: int | None, **base: object) -> "Definition":
        """The same study with other values; what is None stays as it is."""
        chosen = {name: value for name, value in base.items() if value is not None}
        return replace(self, base=changed(self.base, chosen), seeds=seeds or self.seeds)


def changed(config: RunConfig, changes: dict[str, object]) -> RunConfig:
    """The config with other values, checked.

    Raises:
        ValidationError: A value is not accepted.
    """
    return RunConfig.model_validate({**config.model_dump(), **changes})

"""What a stored study says: runs that differ in one choice, and whether the choice matters."""

import json
from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue

from artifact.files import sha256
from artifact.manifest import Blocks, File, Finding, FindingName, Json, Part, Provenance, Share
from artifact.metrics import Metrics

LEVEL: Final = 0.05  # a p below it is more than noise

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Head = Literal["linear", "relu"]
Protocol = Literal["seed", "ours"]
StudyFigure = Literal["accuracy", "curves", "trade", "confusion"]
StudyName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]


class Outcome(Part):
    """One run of a study: what was trained, and how good it is."""

    schema_version: Literal[1] = 1
    network: Blocks
    head: Head = Field(description="`relu` is a fault on purpose: a ReLU on the logits.")
    provenance: Provenance
    metrics: Metrics
    findings: tuple[Finding, ...] = Field(description="What is wrong with the network.")

    @property
    def digest(self) -> str:
        """What the run is stored under."""
        return digest(self.provenance.config, self.head)


def digest(config: dict[str, JsonValue], head: Head) -> str:
    """Name a run by what decides its result, so that studies can share it."""
    content = json.dumps({"config": config, "head": head}, sort_keys=True)
    return sha256(content.encode())[:16]


class Summary(Part):
    """One figure over the seeds of an arm."""

    mean: float
    standard_deviation: float | None = Field(
        description="Of a sample: divided by n - 1; null for one seed."
    )
    interval: tuple[float, float] | None = Field(
        description="Student's 95% interval of the mean; null for one seed."
    )


class StudyArm(Part):
    """One choice, over its seeds."""

    label: str
    changes: dict[str, Json] = Field(description="What differs from the study's base.")
    head: Head
    runs: dict[int, Digest] = Field(min_length=1, description="By seed.")
    parameters: int
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    train_accuracy: Summary = Field(description="On the training images as they are.")
    validation_accuracy: Summary
    test_accuracy: Summary
    macro_recall: Summary = Field(description="On the test images.")
    seconds: Summary = Field(description="Wall-clock time of training.")
    findings: dict[FindingName, int] = Field(description="In how many of the runs.")


class StudyPair(Part):
    """Two arms, seed by seed: the same split and the same order of drawing."""

    first: str = Field(description="Label of the arm that is better on test.")
    second: str
    seeds: int = Field(ge=0, description="That both arms have.")
    difference: float | None = Field(
        description="Mean of the test accuracies' differences; null without a common seed."
    )
    interval: tuple[float, float] | None = Field(
        description="Student's 95% interval of it, paired by seed; null where it cannot be told."
    )
    p_value: Share | None = Field(description="Student's paired test, two-sided.")
    adjusted_p_value: Share | None = Field(
        description="After Holm's correction for all pairs of the study."
    )

    @property
    def more_than_noise(self) -> bool | None:
        """Whether the arms differ by more than the seeds do; None where it cannot be told."""
        return None if self.adjusted_p_value is None else self.adjusted_p_value < LEVEL


class MissingRun(Part):
    """A run that has no result."""

    arm: str
    seed: int
    reason: str


class Study(Part):
    """The whole of study.json."""

    schema_version: Literal[1] = 1
    name: StudyName
    question: str
    protocol: Protocol = Field(
        description="Whose defaults the arms change: the seed report's, or this project's."
    )
    base: dict[str, Json] = Field(description="The run configuration that the arms change.")
    arms: tuple[StudyArm, ...] = Field(description="In the order of the question.")
    pairs: tuple[StudyPair, ...]
    missing: tuple[MissingRun, ...] = Field((), description="What was planned and has no result.")
    figures: dict[StudyFigure, File] = Field({}, description="By role.")

    @property
    def own(self) -> StudyArm | None:
        """The arm that is the base as it is."""
        same = (arm for arm in self.arms if arm.head == "linear" and self._changes_nothing(arm))
        return next(same, None)

    def _changes_nothing(self, arm: StudyArm) -> bool:
        return all(self.base.get(name) == value for name, value in arm.changes.items())

    def pair(self, one: str, other: str) -> StudyPair | None:
        """What was found of two arms, in either order; None where one of them has no result."""
        labels = {one, other}
        return next((pair for pair in self.pairs if {pair.first, pair.second} == labels), None)

    @property
    def digests(self) -> set[str]:
        """Of all its runs."""
        return {run for arm in self.arms for run in arm.runs.values()}

    def arm(self, label: str) -> StudyArm:
        """The arm of that label.

        Raises:
            KeyError: There is none.
        """
        return {arm.label: arm for arm in self.arms}[label]


class WholeStudy(Part):
    """A study with every run that it rests on."""

    study: Study
    runs: dict[Digest, Outcome]

"""A stored study: runs that differ in one choice, whether it matters, and what was reported before.

The folder of studies holds `<name>/study.json` with its figures, and the runs that they share.
"""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, Literal, get_args

from pydantic import Field, JsonValue

from artifact.errors import BrokenArtifact, OnBroken, UnknownStudy, refuse
from artifact.files import read_inside, read_verified, sha256
from artifact.manifest import Blocks, File, Finding, FindingName, Json, Part, Provenance, Share
from artifact.metrics import Metrics
from artifact.repository import ByName, parse, visible_folders

LEVEL: Final = 0.05  # a p below it is more than noise

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Head = Literal["linear", "relu"]
Protocol = Literal["seed", "ours"]
StudyFigure = Literal["accuracy", "curves", "trade", "confusion"]
StudyName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]

STUDY: Final = "study.json"
RUNS: Final = "runs"
FIGURES: Final[dict[StudyFigure, str]] = {
    role: f"figures/{role}.png" for role in get_args(StudyFigure)
}


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
        return all(_has(self.base.get(name), value) for name, value in arm.changes.items())

    def pair(self, one: str, other: str) -> StudyPair | None:
        """What was found of two arms, in either order; None where one of them has no result."""
        labels = {one, other}
        return next((pair for pair in self.pairs if {pair.first, pair.second} == labels), None)

    @property
    def digests(self) -> set[str]:
        """Of all its runs."""
        return {run for arm in self.arms for run in arm.runs.values()}


def _has(value: Json, change: Json) -> bool:
    """Whether a value, or those of its parts that a change names, are so already."""
    if isinstance(value, dict) and isinstance(change, dict):
        return value | change == value
    return value == change


class WholeStudy(Part):
    """A study with every run that it rests on."""

    study: Study
    runs: dict[Digest, Outcome]


@dataclass(frozen=True)
class StoredStudy:
    """One study: its folder and what it says."""

    folder: Path
    study: Study

    def __str__(self) -> str:
        return f"studies/{self.study.name}"

    def figure(self, role: StudyFigure) -> bytes:
        """Read the figure of that role, verified.

        Raises:
            BrokenArtifact: The file is not what the study says.
            UnknownStudy: It was stored without; the message says which there are.
        """
        file = self.study.figures.get(role)
        if file is None:
            known = ", ".join(self.study.figures) or "none"
            raise UnknownStudy(f"study {self.study.name} has no figure {role}; it has: {known}")
        return read_verified(self.folder, file, f"{self}/{file.path}")

    def whole(self) -> WholeStudy:
        """The study with all its runs.

        Raises:
            BrokenArtifact: A run's file is missing, or is not that run.
        """
        runs = {
            digest: read_outcome(self.folder.parent, f"{RUNS}/{digest}.json")
            for digest in sorted(self.study.digests)
        }
        return WholeStudy(study=self.study, runs=runs)


def read_outcome(folder: Path, path: str) -> Outcome:
    """Read the file of a run, which is named after its config.

    Raises:
        BrokenArtifact: It is missing or damaged, or holds another run.
    """
    name = PurePosixPath(path)
    shown = f"studies/{RUNS}/{name.name}"
    outcome = parse(Outcome, read_inside(folder, path, shown), shown)
    if outcome.digest != name.stem:
        raise BrokenArtifact(f"{shown} holds the result of another config, {outcome.digest}")
    return outcome


class Studies(ByName[StoredStudy]):
    """Every stored study, by its name."""

    _unknown, _what, _are = UnknownStudy, "study", "stored studies"

    @classmethod
    def scan(cls, root: Path, on_broken: OnBroken = refuse) -> "Studies":
        """Read every study below `root` and verify what it rests on; no such folder is empty.

        Args:
            root: The directory.
            on_broken: Called where a study, a run of it or a figure is not what it says. Where it
                returns, the rest is read: a study whose runs hold is kept without its figure.

        Raises:
            BrokenArtifact: The directory cannot be read; or by `on_broken`.
        """
        if not root.exists():
            return cls({})
        folders = [folder for folder in visible_folders(root) if folder.name != RUNS]
        stored = (_scan_study(folder, on_broken) for folder in folders)
        return cls({study.folder.name: study for study in stored if study})


def open_study(folder: Path) -> StoredStudy:
    """Read what a folder's study says; its runs and figures are verified when they are read.

    Raises:
        BrokenArtifact: There is no study, or it says something that is not understood.
    """
    shown = f"studies/{folder.name}/{STUDY}"
    study = parse(Study, read_inside(folder, STUDY, shown), shown)
    if study.name != folder.name:
        raise BrokenArtifact(f"{shown} says that it is {study.name}")
    for role, file in study.figures.items():
        if file.path != FIGURES[role]:
            raise BrokenArtifact(f"{shown}: the figure {role} is {FIGURES[role]}, not {file.path}")
    return StoredStudy(folder, study)


def _scan_study(folder: Path, on_broken: OnBroken) -> StoredStudy | None:
    try:
        stored = open_study(folder)
        stored.whole()
    except BrokenArtifact as error:
        on_broken(f"studies/{folder.name}", error)
        return None
    for role, file in stored.study.figures.items():
        try:
            stored.figure(role)
        except BrokenArtifact as error:
            on_broken(f"{stored}/{file.path}", error)
    return stored


class Reported(Part):
    """Accuracies of one network in the seed report; null where it has none."""

    train: Share
    validation: Share
    test: Share | None = None
    macro_recall: Share | None = None
    never_predicted: tuple[str, ...] = Field(
        (), description="Digits that its confusion matrix (nearly) never names."
    )


def _network(
    train: float, validation: float, test: float, macro_recall: float, *never_predicted: str
) -> Reported:
    return Reported(
        train=train,
        validation=validation,
        test=test,
        macro_recall=macro_recall,
        never_predicted=never_predicted,
    )


# By study and arm; the seed report is older than this project.
REPORTED: Final[dict[str, dict[str, Reported]]] = {
    "architectures": {
        "mobilenet": _network(0.9578, 0.9657, 0.8743, 0.8771, "7"),
        "conv": _network(0.9431, 0.9606, 0.7850, 0.7858, "4", "7"),
    },
    "mixes": {
        "conv1-mobile3": _network(0.9484, 0.9584, 0.7111, 0.7104, "0", "4", "7"),
        "conv3-mobile1": _network(0.9452, 0.9576, 0.7353, 0.7351, "0", "4", "7"),
    },
    "optimizers": {
        "sgd": Reported(train=0.9052, validation=0.9315),
        "adam": Reported(train=0.9578, validation=0.9657),
    },
}


def reported(study: str, arm: str) -> Reported | None:
    """What the report says of an arm, in whichever protocol a study repeats it."""
    return REPORTED.get(study.removesuffix("-ours"), {}).get(arm)

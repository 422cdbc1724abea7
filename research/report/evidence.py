"""What the report is made of: stored studies, published models, and what was tried beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from artifact.latency import Benchmark
from artifact.manifest import DocumentRole, Part, Share
from artifact.metrics import Examples, Metrics
from artifact.repository import Artifact, Document, Repository
from artifact.statistics.comparison import Contender, ModelComparison, compare_models
from artifact.studies import Studies
from artifact.study import Outcome, WholeStudy
from training.errors import StudyError

TRIALS: Final = "trials.json"


class Trial(Part):
    """Something that was tried to make the published models better."""

    model: str = Field(description="Architecture that it was tried on.")
    tried: str = Field(description="What was changed.")
    seeds: int = Field(ge=1)
    measured_on: Literal["validation", "test"] = "validation"
    accuracy: Share = Field(description="Mean over the seeds.")
    standard_deviation: float | None = Field(None, description="Null for one seed.")
    baseline: Share | None = Field(None, description="The same without the change.")
    kept: bool = Field(description="Whether what was published next had it.")
    note: str = Field("", description="What explains it, or what it costs.")


class Trials(Part):
    """The whole of trials.json."""

    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Evidence:
    """Everything that the report says something of.

    Attributes:
        studies: By name.
        models: The highest version of every published model, names in order.
        comparison: Of these models.
        trials: In the order in which they are to be told.
        studies_path: From the report to the folder of the studies, for its links.
    """

    studies: Mapping[str, WholeStudy]
    models: tuple[Artifact, ...]
    comparison: ModelComparison
    trials: tuple[Trial, ...]
    studies_path: str

    @property
    def runs(self) -> Mapping[str, Outcome]:
        """Every run of the studies once, by its digest."""
        return {name: run for whole in self.studies.values() for name, run in whole.runs.items()}

    def figure(self, study: str, role: str, told: str) -> str:
        """A study's stored picture, as Markdown."""
        return f"![{told}]({self.studies_path}/{study}/figures/{role}.png)"


def gather(studies_dir: Path, models_dir: Path, studies_path: str) -> Evidence:
    """Read everything, verified.

    Raises:
        BrokenArtifact: A study or a model is not what it says.
        StudyError: The trials are not understood.
    """
    repository = Repository.scan(models_dir)
    names = sorted({artifact.manifest.name for artifact in repository})
    models = tuple(repository.get(name) for name in names)
    return Evidence(
        studies={stored.study.name: stored.whole() for stored in Studies.scan(studies_dir)},
        models=models,
        comparison=compare_models(map(_contender, models)),
        trials=_trials(studies_dir / TRIALS),
        studies_path=studies_path,
    )


def _trials(path: Path) -> tuple[Trial, ...]:
    if not path.exists():
        return ()
    try:
        return Trials.model_validate_json(path.read_bytes()).trials
    except ValidationError as error:
        reason = error.errors()[0]
        where = ".".join(map(str, reason["loc"]))
        raise StudyError(f"{TRIALS} is not understood: {where}: {reason['msg']}") from error


def _contender(artifact: Artifact) -> Contender:
    return Contender(
        artifact.manifest,
        document(artifact, "metrics", Metrics),
        document(artifact, "examples", Examples),
        document(artifact, "benchmark", Benchmark),
    )


def document(artifact: Artifact, role: DocumentRole, kind: type[Document]) -> Document | None:
    """A document of a model, or None where it was published without."""
    return artifact.document(role, kind) if role in artifact.manifest.files else None

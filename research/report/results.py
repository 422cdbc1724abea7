"""The input of the report: stored studies, published models, and the trials for these models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from artifact.manifest import Part, Share
from artifact.metrics import Metrics
from artifact.repository import Artifact, Repository
from artifact.statistics.comparison import (
    Contender,
    ModelComparison,
    OptionGroup,
    compare_models,
    option_groups,
)
from artifact.study import Outcome, Studies, WholeStudy
from training.errors import StudyError

TRIALS: Final = "trials.json"


class Trial(Part):
    """A change that was tried to improve the published models."""

    model: str = Field(description="Architecture that it was tried on.")
    tried: str = Field(description="What was changed.")
    seeds: int = Field(ge=1)
    measured_on: Literal["validation", "test"] = "validation"
    accuracy: Share = Field(description="Mean over the seeds.")
    standard_deviation: float | None = Field(None, description="Null for one seed.")
    baseline: Share | None = Field(None, description="The same without the change.")
    kept: bool = Field(description="Whether the next published model had it.")
    note: str = Field("", description="The explanation, or the cost.")


class Trials(Part):
    """The whole of trials.json."""

    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class StoredResults:
    """Everything that the report is made of."""

    studies: Mapping[str, WholeStudy]
    models: tuple[Artifact, ...]  # the highest version of every published model, sorted by name
    comparison: ModelComparison  # of these models
    options: Sequence[OptionGroup]  # what can be shipped of them, by data set
    trials: tuple[Trial, ...]  # in the order of the report

    @property
    def runs(self) -> Mapping[str, Outcome]:
        """Every run of the studies once, by its digest."""
        return {name: run for whole in self.studies.values() for name, run in whole.runs.items()}

    @property
    def metrics(self) -> list[tuple[Artifact, Metrics]]:
        """Every model that was published with metrics, and these."""
        found = [(model, model.find("metrics", Metrics)) for model in self.models]
        return [(model, metrics) for model, metrics in found if metrics is not None]


def gather(studies_dir: Path, models_dir: Path) -> StoredResults:
    """Read everything, verified.

    Raises:
        BrokenArtifact: A study or a model is not what its files say.
        StudyError: The trials are not understood.
    """
    repository = Repository.scan(models_dir)
    names = sorted({artifact.manifest.name for artifact in repository})
    models = tuple(repository.get(name) for name in names)
    contenders = list(map(Contender.of, models))
    return StoredResults(
        studies={stored.study.name: stored.whole() for stored in Studies.scan(studies_dir)},
        models=models,
        comparison=compare_models(contenders),
        options=option_groups(contenders),
        trials=_trials(studies_dir / TRIALS),
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

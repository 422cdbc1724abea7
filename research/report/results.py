"""The input of the report: stored studies and published models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True)
class StoredResults:
    """Everything that the report is made of."""

    studies: Mapping[str, WholeStudy]
    models: tuple[Artifact, ...]  # the highest version of every published model, sorted by name
    comparison: ModelComparison  # of these models
    options: Sequence[OptionGroup]  # what can be shipped of them, by data set

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
    )

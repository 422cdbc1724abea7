"""The same config from several seeds, and the best of them published."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from pydantic import Field

from artifact.manifest import Part
from artifact.metrics import Seeds
from artifact.repository import Artifact
from artifact.study import Outcome
from research.study.definition import Run, changed
from research.study.execution import Job, execute
from research.study.terminal import with_progress
from training import checkpoint, data
from training.config import Places, RunConfig
from training.data import Dataset
from training.errors import CheckpointError, StudyError
from training.export.publication import check_target, publish_candidate
from training.run import train


class SeedsConfig(Part):
    """How many seeds, and how they are done."""

    seeds: int = Field(5, ge=2, description="How many, from --seed on.")
    processes: int = Field(1, ge=1, description="Runs at a time.")


def publish_best(
    config: RunConfig, places: Places, how: SeedsConfig, *, publish_flawed: bool = False
) -> Artifact:
    """Train a config from several seeds and publish the one that is best on validation.

    Each seed is a run of its own: a finished one is taken over, a half-finished one goes on.

    Raises:
        StudyError: A run has failed, maybe since it has learnt from other data before; nothing is
            published.
        TrainingError: As `training.run.run` says.
    """
    dataset = data.load(config.dataset, places.data_dir, config.side, config.mode)
    learnt = dataset.identity(config.train_ratio, config.seed)
    name = places.published_name(config, dataset.name)
    check_target(places.models_dir, name, learnt)
    seeds = range(config.seed, config.seed + how.seeds)
    jobs = {seed: _job(changed(config, {"seed": seed}), places, dataset) for seed in seeds}
    _refuse_runs_of_others(jobs.values(), dataset)
    outcomes = _train([*jobs.values()], how.processes)
    best = jobs[best_on_validation(outcomes)]
    its_places = places.model_copy(update={"run_name": best.folder.name})
    candidate = train(best.run.config, its_places, dataset=dataset)
    candidate = replace(candidate, seeds=spread(outcomes))
    return publish_candidate(candidate, places.models_dir, publish_flawed=publish_flawed)


def best_on_validation(outcomes: Mapping[int, Outcome]) -> int:
    """The seed of the highest validation accuracy; among equals, of the lowest loss."""

    def merit(seed: int) -> tuple[float, float]:
        validation = outcomes[seed].metrics.validation
        return validation.accuracy, -validation.loss

    return max(outcomes, key=merit)


def _refuse_runs_of_others(jobs: Iterable[Job], dataset: Dataset) -> None:
    """Learn of them before hours of training, not after."""
    for job in jobs:
        config = job.run.config
        try:
            checkpoint.load(job.folder, config, dataset.identity(config.train_ratio, config.seed))
        except CheckpointError as error:
            raise StudyError(f"nothing was published: {job.name}: {error}") from error


def _train(jobs: Sequence[Job], processes: int) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    failures: list[str] = []
    for result in with_progress(execute(jobs, processes), [job.run for job in jobs]):
        if result.outcome is None:
            failures.append(f"{result.job.name}: {result.reason}")
        else:
            outcomes[result.job.run.config.seed] = result.outcome
    if failures:
        raise StudyError(f"nothing was published: {'; '.join(failures)}")
    return dict(sorted(outcomes.items()))


def _job(config: RunConfig, places: Places, dataset: Dataset) -> Job:
    """The job of one seed, with a run folder of its own."""
    if places.run_name is not None:
        places = places.model_copy(update={"run_name": f"{places.run_name}-seed{config.seed}"})
    folder = places.run_folder(config, dataset.sha256)
    return Job(f"{config.architecture}, seed {config.seed}", Run(config), folder, places.data_dir)


def spread(outcomes: Mapping[int, Outcome]) -> Seeds:
    """Mean and standard deviation over two runs or more that differ in their seed alone."""
    test = {seed: outcome.metrics.test.accuracy for seed, outcome in outcomes.items()}
    values = np.array([*test.values()])
    return Seeds(
        test_accuracy=test,
        validation_accuracy={
            seed: outcome.metrics.validation.accuracy for seed, outcome in outcomes.items()
        },
        mean=values.mean(),
        standard_deviation=values.std(ddof=1),
    )

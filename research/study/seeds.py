"""The same config from several seeds, and the best of them published."""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from artifact.metrics import Seeds
from artifact.repository import Artifact
from artifact.study import Outcome
from research.seeds import spread
from research.study.attempts import Failed
from research.study.definition import Run, changed
from research.study.execution import execute
from research.study.progress import Progress
from research.study.runner import Job
from training.config import Places, RunConfig
from training.errors import StudyError
from training.export.publication import publish_candidate
from training.run import train


class SeedsConfig(BaseModel):
    """How many seeds, and how they are done."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: int = Field(5, ge=2, description="How many, from --seed on.")
    processes: int = Field(1, ge=1, description="Runs at a time.")


def publish_best(
    config: RunConfig, places: Places, how: SeedsConfig, *, publish_flawed: bool = False
) -> Artifact:
    """Train a config from several seeds and publish the one that is best on validation.

    Each seed is a run of its own: a finished one is taken over, a half-finished one goes on.

    Args:
        config: Of all of them; its seed is the first.
        places: Where to read and write; a run name is followed by the seed.
        how: How many, and how many at a time.
        publish_flawed: Publish the network even if something is wrong with it, marked as such.

    Raises:
        StudyError: A run has failed; nothing is published.
        TrainingError: As `training.run.run` says.
    """
    seeds = range(config.seed, config.seed + how.seeds)
    configs = {seed: changed(config, {"seed": seed}) for seed in seeds}
    outcomes = _train(configs, places, how.processes)
    best = configs[best_on_validation(outcomes)]
    candidate = replace(train(best, own_places(places, best)), seeds=_spread(outcomes))
    return publish_candidate(candidate, places.models_dir, publish_flawed=publish_flawed)


def best_on_validation(outcomes: Mapping[int, Outcome]) -> int:
    """The seed of the highest validation accuracy; among equals, of the lowest loss."""

    def merit(seed: int) -> tuple[float, float]:
        validation = outcomes[seed].metrics.validation
        return validation.accuracy, -validation.loss

    return max(outcomes, key=merit)


def _train(configs: Mapping[int, RunConfig], places: Places, processes: int) -> dict[int, Outcome]:
    jobs = [_job(config, own_places(places, config)) for config in configs.values()]
    progress = Progress([job.run for job in jobs])
    outcomes: dict[int, Outcome] = {}
    failures: list[str] = []
    for result in execute(jobs, processes):
        progress.finish(result)
        if isinstance(result, Failed):
            failures.append(f"{result.job.name}: {result.reason}")
        else:
            outcomes[result.job.run.config.seed] = result.outcome
    if failures:
        raise StudyError(f"nothing was published: {'; '.join(failures)}")
    return dict(sorted(outcomes.items()))


def own_places(places: Places, config: RunConfig) -> Places:
    """Places in which every seed has a run folder of its own."""
    if places.run_name is None:
        return places
    return places.model_copy(update={"run_name": f"{places.run_name}-seed{config.seed}"})


def _job(config: RunConfig, places: Places) -> Job:
    folder = places.run_folder(config)
    return Job(f"{config.architecture}, seed {config.seed}", Run(config), folder, places.data_dir)


def _spread(outcomes: Mapping[int, Outcome]) -> Seeds:
    metrics = {seed: outcome.metrics for seed, outcome in outcomes.items()}
    return spread(
        {seed: each.test.accuracy for seed, each in metrics.items()},
        {seed: each.validation.accuracy for seed, each in metrics.items()},
    )

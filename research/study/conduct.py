"""A study from its definition to its stored results."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from artifact.manifest import Part
from artifact.study import Study
from research.output import say
from research.study.catalogue import studies
from research.study.definition import Definition, Run
from research.study.execution import Job, execute, remove
from research.study.store import Store, keep, refuse_another
from research.study.terminal import with_progress
from training import data
from training.config import DatasetName
from training.errors import StudyError


class StudyConfig(Part):
    """How studies are done, and where."""

    seeds: int | None = Field(None, ge=1, description="How many; by default each study's own.")
    epochs: int | None = Field(None, ge=1, description="Of the base; by default the study's own.")
    dataset: DatasetName | None = Field(None, description="By default the study's own, mnist.")
    processes: int | None = Field(
        None, ge=1, description="Runs at a time; by default one, on a cluster one a core."
    )
    ray: str | None = Field(
        None, description="Address of a Ray cluster; auto: this machine's, local: one of our own."
    )
    data_dir: Path = Field(Path("data"), description="Holds the data set.")
    runs_dir: Path = Field(Path("runs"), description="Checkpoints of runs under way.")
    studies_dir: Path = Field(Path("studies"), description="Where results are kept.")


def choose(names: Sequence[str], config: StudyConfig) -> list[Definition]:
    """The studies of those names, as the config wants them; all of them if none is named.

    Raises:
        StudyError: There is no such study.
    """
    known = studies()
    if unknown := [name for name in names if name not in known]:
        raise StudyError(f"no study {unknown[0]!r}; there are: {', '.join(known)}")
    return [
        known[name].varied(config.seeds, epochs=config.epochs, dataset=config.dataset)
        for name in names or known
    ]


def conduct(
    definitions: Sequence[Definition],
    config: StudyConfig,
    *,
    train: bool = True,
    keep_checkpoints: bool = False,
) -> list[Study]:
    """Do every run that is not finished yet, and store the studies.

    Args:
        definitions: What to study; runs that several have in common are done once.
        config: How, and where.
        train: Whether missing runs are done; else the studies are made of what there is.
        keep_checkpoints: Leave the folders of finished runs.

    Returns:
        The studies, also those of which a run has failed.

    Raises:
        OutputError: A result cannot be written.
        StudyError: Stored results are damaged, of other data, or of a study with another base; or
            there is no result at all.
    """
    for definition in definitions:
        refuse_another(definition, config.studies_dir)
    store = Store(config.studies_dir)
    _refuse_other_pictures(definitions, store, config)
    runs = _runs(definitions)
    jobs = [*_jobs(runs, store, config)] if train else []
    names = ", ".join(definition.name for definition in definitions)
    say([f"{names}: {len(runs)} runs, {len(jobs)} of them to be done"])
    failed: dict[Run, str] = {}
    results = execute(jobs, config.processes, config.ray)
    for result in with_progress(results, [job.run for job in jobs]):
        if result.outcome is None:
            failed[result.job.run] = result.reason
        else:
            store.add(result.job.run, result.outcome)
            if not keep_checkpoints:
                remove(result.job.folder)
    return [keep(definition, store, failed, config.studies_dir) for definition in definitions]


def overview(config: StudyConfig) -> Iterator[str]:
    """Write every study as a line: what is planned of it, and what is done."""
    store = Store(config.studies_dir)
    for definition in choose((), config):
        runs = [run for _, run in definition.runs()]
        to_do = [run for run in runs if store.get(run) is None]
        epochs = sum(run.config.epochs for run in to_do)
        yield (
            f"{definition.name:<20} {len(definition.arms)} arms, {definition.seeds} seeds: "
            f"{len(runs) - len(to_do):>2} of {len(runs):>2} runs done, {epochs:>4} epochs left   "
            f"{definition.question}"
        )


def _refuse_other_pictures(
    definitions: Iterable[Definition], store: Store, config: StudyConfig
) -> None:
    """A folder's pictures may have changed since its runs were done; other data sets are fixed."""
    for base in {study.base for study in definitions if study.base.dataset == "folder"}:
        dataset = data.load(base.dataset, config.data_dir, base.side, base.mode)
        store.refuse_other_data(base, dataset.identity(base.train_ratio, base.seed))


def _runs(definitions: Iterable[Definition]) -> dict[Run, str]:
    """Every run once, with its name in the first study that it is of."""
    names: dict[Run, str] = {}
    for study in definitions:
        for arm, run in study.runs():
            name = f"{study.name}: {arm.label}, seed {run.config.seed}"
            names.setdefault(run.effective, name)
    return names


def _jobs(runs: Mapping[Run, str], store: Store, config: StudyConfig) -> Iterator[Job]:
    """What is not finished, the first seed of all studies before the second."""
    for run, name in sorted(runs.items(), key=lambda item: item[0].config.seed):
        if store.get(run) is None:
            folder = config.runs_dir.absolute() / f"study-{run.digest}"
            yield Job(name, run, folder, config.data_dir.absolute(), store.path(run))

"""Finished runs and summarised studies on disk: whole or not at all."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from artifact.errors import BrokenArtifact
from artifact.files import describe
from artifact.study import (
    FIGURES,
    RUNS,
    STUDY,
    MissingRun,
    Outcome,
    Study,
    open_study,
    read_outcome,
)
from research.output import write
from research.study.definition import Definition, Run
from research.study.figures import draw_study
from research.study.summary import Outcomes, summarise
from training.checkpoint import differences
from training.config import RunConfig
from training.data.identity import DataIdentity
from training.errors import OutputError, StudyError


class Store:
    """The finished runs in a folder.

    Raises:
        StudyError: A file is damaged, or holds another run than its name says.
    """

    def __init__(self, root: Path) -> None:
        self._folder = (root / RUNS).absolute()
        outcomes = [self._read(path.name) for path in sorted(self._folder.glob("*.json"))]
        self._outcomes = {_run(outcome).effective: outcome for outcome in outcomes}

    def _read(self, name: str) -> Outcome:
        try:
            return read_outcome(self._folder, name)
        except BrokenArtifact as error:
            raise StudyError(f"{error}: delete it to do the run again") from error

    def get(self, run: Run) -> Outcome | None:
        """The outcome of that run, if it is finished."""
        return self._outcomes.get(run.effective)

    def path(self, run: Run) -> Path:
        """Where the outcome of that run is kept."""
        return self._folder / f"{run.digest}.json"

    def add(self, run: Run, outcome: Outcome) -> None:
        """Keep an outcome, whole or not at all.

        Raises:
            OutputError: It cannot be written.
            StudyError: It is of another run, or of other data than the results that there are.
        """
        if _run(outcome) != run:
            raise StudyError(f"the result of run {run.digest} is that of {outcome.digest}")
        self.refuse_other_data(run.config, _learnt(outcome))
        write(self.path(run), f"{outcome.model_dump_json()}\n")
        self._outcomes[run.effective] = outcome

    def refuse_other_data(self, config: RunConfig, learnt: DataIdentity) -> None:
        """Make sure that all results for a data set are of the same pictures.

        Raises:
            StudyError: There is a result of other pictures.
        """
        for run, outcome in self._outcomes.items():
            before = _learnt(outcome)
            if run.config.dataset == config.dataset and (told := before.other_pictures(learnt)):
                raise StudyError(
                    f"{RUNS}/{run.digest}.json is a result of other data: of {before}, and this "
                    f"is {learnt}. What differs: {told}. Choose another --studies-dir"
                )


def _learnt(outcome: Outcome) -> DataIdentity:
    labels = tuple(row.label for row in outcome.metrics.test.per_class)
    return DataIdentity.recorded(outcome.provenance, labels)


def _run(outcome: Outcome) -> Run:
    try:
        return Run(RunConfig.model_validate(outcome.provenance.config), outcome.head)
    except ValidationError as error:
        raise StudyError(
            f"run {outcome.digest} was made with settings that are not known here: "
            f"{error.errors()[0]['msg']}"
        ) from error


def refuse_another(definition: Definition, root: Path) -> None:
    """Make sure that results of two bases are not kept under one name.

    Raises:
        StudyError: The stored study of that name has another base, or is damaged.
    """
    folder = root / definition.name
    if not folder.exists():
        return
    advice = "delete its folder (the runs stay), or choose another --studies-dir"
    try:
        stored = RunConfig.model_validate(open_study(folder).study.base)
    except (BrokenArtifact, ValidationError) as error:
        raise StudyError(f"study {definition.name!r} cannot be read: {advice}") from error
    if Run(stored).effective != Run(definition.base).effective:
        raise StudyError(
            f"study {definition.name!r} is stored with another base, "
            f"{differences(stored, definition.base)}: {advice}"
        )


def keep(definition: Definition, store: Store, failed: Mapping[Run, str], root: Path) -> Study:
    """Summarise what is finished of a study, draw it, and write its folder.

    Raises:
        OutputError: It cannot be written.
        StudyError: There is no result at all.
    """
    outcomes: dict[str, dict[int, Outcome]] = {arm.label: {} for arm in definition.arms}
    missing: list[MissingRun] = []
    for arm, run in definition.runs():
        seed = run.config.seed
        if (outcome := store.get(run)) is not None:
            outcomes[arm.label][seed] = outcome
        else:
            reason = failed.get(run.effective, "it has not been done yet")
            missing.append(MissingRun(arm=arm.label, seed=seed, reason=reason))
    study = summarise(definition, outcomes, missing)
    return _write(study, outcomes, root)


def _write(study: Study, outcomes: Mapping[str, Outcomes], root: Path) -> Study:
    """Fill a folder beside the study's and put it into its place."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".staging-", dir=root) as place:
            staged = Path(place) / study.name
            (staged / "figures").mkdir(parents=True)
            files = {}
            for role, content in draw_study(study, outcomes).items():
                (staged / FIGURES[role]).write_bytes(content)
                files[role] = describe(FIGURES[role], content)
            drawn = study.model_copy(update={"figures": files})
            write(staged / STUDY, drawn)
            if (root / study.name).exists():
                (root / study.name).rename(Path(place) / "before")
            staged.rename(root / study.name)
    except OSError as error:
        raise OutputError(f"study {study.name} cannot be written: {error.strerror}") from error
    return drawn

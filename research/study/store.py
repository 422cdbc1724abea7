"""Finished runs and summarised studies on disk: whole or not at all."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from artifact.errors import BrokenArtifact
from artifact.files import describe
from artifact.study import FIGURES, STUDY, MissingRun, Outcome, Study, open_study
from research.output import write
from research.study.definition import Definition, Run
from research.study.figures import draw_study
from research.study.summary import Outcomes, summarise
from training.checkpoint import differences
from training.config import RunConfig
from training.data.identity import DataIdentity
from training.errors import OutputError, StudyError

RUNS: Final = "runs"


class Store:
    """The finished runs in a folder.

    Raises:
        StudyError: A file is damaged, or holds another run than its name says.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / RUNS
        outcomes = [_read(path) for path in sorted(self._folder.glob("*.json"))]
        self._outcomes = {_run(outcome).effective: outcome for outcome in outcomes}

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
        write_document(self.path(run), outcome)
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


def write_document(path: Path, document: BaseModel, indent: int | None = None) -> None:
    """Replace a JSON file in one step.

    Raises:
        OutputError: It cannot be written.
    """
    write(path, f"{document.model_dump_json(indent=indent)}\n")


def _read(path: Path) -> Outcome:
    try:
        outcome = Outcome.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise StudyError(
            f"{RUNS}/{path.name} is not a run's result: delete it to do the run again"
        ) from error
    if outcome.digest != path.stem:
        raise StudyError(
            f"{RUNS}/{path.name} holds the result of another config, {outcome.digest}: "
            "delete it to do the run again"
        )
    return outcome


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
    for planned in definition.runs():
        seed = planned.run.config.seed
        if (outcome := store.get(planned.run)) is not None:
            outcomes[planned.arm][seed] = outcome
        else:
            reason = failed.get(planned.run.effective, "it has not been done yet")
            missing.append(MissingRun(arm=planned.arm, seed=seed, reason=reason))
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
            write_document(staged / STUDY, drawn, indent=2)
            _replace(root / study.name, staged, Path(place))
    except OSError as error:
        raise OutputError(f"study {study.name} cannot be written: {error.strerror}") from error
    return drawn


def _replace(folder: Path, staged: Path, aside: Path) -> None:
    if folder.exists():
        folder.rename(aside / "before")
    staged.rename(folder)

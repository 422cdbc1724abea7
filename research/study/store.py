"""Finished runs on disk, shared by all studies, each in a file named for what was trained."""

import os
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from artifact.study import Outcome
from research.study.definition import Run
from training.config import RunConfig
from training.data.identity import DataIdentity
from training.errors import OutputError, StudyError

RUNS: Final = "runs"


class Store:
    """The finished runs in a folder.

    Args:
        root: Of all studies; the runs are in a folder of it.

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
        write(self.path(run), outcome)
        self._outcomes[run.effective] = outcome

    def refuse_other_data(self, config: RunConfig, learnt: DataIdentity) -> None:
        """Make sure that all results for a data set are of the same pictures.

        Args:
            config: Names the data set; all folders of pictures have one name.
            learnt: From what its next result is.

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


def write(path: Path, document: BaseModel, indent: int | None = None) -> None:
    """Replace a file in one step, so that a kill at any moment leaves the old or the new.

    Raises:
        OutputError: It cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8") as file:
            file.write(f"{document.model_dump_json(indent=indent)}\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path.name} cannot be written: {error.strerror}") from error


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

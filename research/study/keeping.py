"""A study's folder: what its runs say, with figures, written whole or not at all."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from artifact.errors import BrokenArtifact
from artifact.manifest import File
from artifact.studies import FIGURES, STUDY, open_study
from artifact.study import MissingRun, Outcome, Study
from research.study.definition import Definition, Run
from research.study.figures import draw_study
from research.study.store import Store, write
from research.study.summary import Outcomes, summarise
from training.checkpoint import differences
from training.config import RunConfig
from training.errors import OutputError, StudyError


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

    Args:
        definition: What was asked.
        store: Of all finished runs.
        failed: Why runs have no result, where that is known.
        root: Of all studies.

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
                files[role] = File(
                    path=FIGURES[role],
                    sha256=hashlib.sha256(content).hexdigest(),
                    bytes=len(content),
                )
            drawn = study.model_copy(update={"figures": files})
            write(staged / STUDY, drawn, indent=2)
            _replace(root / study.name, staged, Path(place))
    except OSError as error:
        raise OutputError(f"study {study.name} cannot be written: {error.strerror}") from error
    return drawn


def _replace(folder: Path, staged: Path, aside: Path) -> None:
    if folder.exists():
        folder.rename(aside / "before")
    staged.rename(folder)

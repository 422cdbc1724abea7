"""Studies of the catalogue with results that were never measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from artifact.manifest import Finding
from artifact.study import Study
from research.study.catalogue import studies
from research.study.store import Store, keep
from tests.outcomes import outcome

DEAD = Finding(name="dead-output", message="b is never said", evidence={"label": "b"})


def store_study(root: Path, name: str, accuracies: Mapping[str, Sequence[float]]) -> Study:
    """Keep a study as if its runs had these test accuracies.

    Args:
        root: Of all studies.
        name: Of the study.
        accuracies: By arm, a value for each seed; below 0.6 the network is flawed.
    """
    definition = studies()[name].varied(max(map(len, accuracies.values())))
    store = Store(root)
    for arm, run in definition.runs():
        seed = run.config.seed
        if seed < len(accuracies.get(arm.label, ())):
            test = accuracies[arm.label][seed]
            made = outcome(
                run.effective.config.model_dump(mode="json"),
                test=test,
                head=run.head,
                findings=(DEAD,) if test < 0.6 else (),
            )
            store.add(run.effective, made)
    return keep(definition, store, {}, root)

"""What else was varied, question by question, in both protocols."""

from collections.abc import Iterator
from typing import Final

from research.report.arms import PROTOCOLS, arms_table, told
from research.report.evidence import Evidence
from research.report.reported import REPORTED

_TITLES: Final = {
    "activations": "Activation",
    "interpolations": "Resampling of changed images",
    "losses": "Loss function",
    "batch-sizes": "Batch size",
    "learning-rates": "Learning rate",
    "epochs": "Epochs",
    "ratios": "Training and validation images",
    "poolings": "Pooling",
}
_ELSEWHERE: Final = {*REPORTED, "flawed-head"}


def varied(evidence: Evidence) -> Iterator[str]:
    """One part for each question; a question that is not in the list has its name for title."""
    stems = {name.removesuffix("-ours") for name in evidence.studies} - _ELSEWHERE
    if not stems:
        return
    yield "## What else was varied"
    for stem in [*_TITLES, *sorted(stems - _TITLES.keys())]:
        studies = [
            evidence.studies[name] for name in (stem, f"{stem}-ours") if name in evidence.studies
        ]
        if studies:
            yield f"### {_TITLES.get(stem, stem)}"
            yield studies[0].study.question
        for whole in studies:
            study = whole.study
            yield arms_table(study)
            yield " ".join(told(study))
            told_of = f"{study.name}: right on test, {PROTOCOLS[study.protocol]}"
            yield evidence.figure(study.name, "accuracy", told_of)

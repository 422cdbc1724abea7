"""The report in a few lines."""

from collections.abc import Iterator

from artifact.study import WholeStudy
from research.report.arms import PROTOCOLS
from research.report.evidence import Evidence
from research.report.flawed import STUDY, never_predicted
from research.report.reported import REPORTED
from research.report.words import judged, percent, signed, spread


def in_short(evidence: Evidence) -> Iterator[str]:
    """What a reader in a hurry should know."""
    lines = [
        *_accuracies(evidence.studies.get("architectures")),
        *_orders(evidence),
        *_fault(evidence.studies.get(STUDY)),
        *_models(evidence),
    ]
    if lines:
        yield "## In short"
        yield "\n".join(f"- {line}" for line in lines)


def _accuracies(study: WholeStudy | None) -> Iterator[str]:
    """The report's two networks, done soundly."""
    if study is None:
        return
    for arm in study.study.arms:
        reported = REPORTED["architectures"].get(arm.label)
        if reported is not None and reported.test is not None:
            yield (
                f"`{arm.label}`: {percent(reported.test)} on test in the seed report, "
                f"{spread(arm.test_accuracy)} in its own protocol without the fault "
                f"({signed(arm.test_accuracy.mean - reported.test)} points)."
            )


def _orders(evidence: Evidence) -> Iterator[str]:
    """What became of the report's comparisons, in its protocol and in ours."""
    for name, reported in REPORTED.items():
        for study in filter(None, map(evidence.studies.get, (name, f"{name}-ours"))):
            if pair := study.study.pair(*reported):
                yield f"In {PROTOCOLS[study.study.protocol]} {judged(pair)}."


def _fault(study: WholeStudy | None) -> Iterator[str]:
    if study is None:
        return
    flawed = [run for run in study.runs.values() if run.head == "relu"]
    dead = [run for run in flawed if never_predicted(run.metrics.test)]
    accuracies = [run.metrics.test.accuracy for run in flawed]
    if accuracies:
        yield (
            f"A ReLU on the logits reproduces the fault: {len(dead)} of {len(flawed)} networks "
            f"never predict some digit, at {percent(min(accuracies))} to "
            f"{percent(max(accuracies))} on test."
        )


def _models(evidence: Evidence) -> Iterator[str]:
    for group in evidence.comparison.groups:
        best, seeds = group.models[0], group.models[0].seeds
        over = ""
        if seeds is not None:
            over = f" (mean of {len(seeds.test_accuracy)} seeds: {percent(seeds.mean)})"
        yield (
            f"Of the models published for {group.dataset}, `{best.model}` is the most accurate: "
            f"{percent(best.accuracy)} of the test images{over}."
        )

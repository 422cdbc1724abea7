"""What came out, as one document: the JSON, and what the report is written from."""

from collections.abc import Iterator
from statistics import mean
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from artifact.manifest import Part, RuntimeId, Share
from artifact.metrics import SplitMetrics
from artifact.statistics.decision import Decision
from artifact.statistics.proportions import Z, wilson_interval
from artifact.statistics.wording import share
from training.decide.arms.base import Task
from training.decide.outcome.evidence import FEWEST_KNOWN, Evidence
from training.decide.outcome.staging import HELD_OUT, Subject
from training.decide.results import Answers
from training.decide.run import Outcome
from training.evaluation.evaluate import split_metrics

_SUSPECTS: Final = 42  # a contact sheet of them is looked through in a minute


class FileFigures(Part):
    """One file of a model."""

    runtime: RuntimeId
    accuracy: Share
    interval: tuple[Share, Share] = Field(description="Wilson's 95% interval.")
    bytes: int
    p50_ms: float | None


class ArmSummary(Part):
    """One arm of the comparison."""

    name: str
    accuracy: Share | None = Field(description="Of the pictures that it was asked about.")
    interval: tuple[Share, Share] | None = Field(description="Wilson's 95% interval.")
    macro_recall: Share | None
    recalls: dict[str, Share] = Field(description="By class.")
    pictures: int = Field(description="That it was asked about.")
    folds: tuple[Share, ...] = Field(description="Accuracy of each fold.")
    fold_deviation: float | None = Field(description="Standard deviation over the folds.")
    seconds: float
    note: str = Field(description="Why it did not finish; empty where it did.")
    model: str | None = Field(description="Name and version, where it was published.")
    files: tuple[FileFigures, ...]


class Suspect(Part):
    """A picture whose label is likely wrong."""

    file: str
    label: str
    predicted: str
    probability: Share = Field(description="Of the predicted class.")


class ClassNeeds(Part):
    """How well a class is known."""

    label: str
    pictures: int
    recall: Share
    interval: tuple[Share, Share]
    more_pictures: int = Field(
        description="That would bring the interval's half width down to five points."
    )


class Summary(Part):
    """The whole of what `decide --json` writes."""

    name: str
    sha256: str = Field(description="Of every picture with its label.")
    pictures: int
    classes: tuple[str, ...]
    splits: str = Field(description="How it was divided.")
    notes: tuple[str, ...] = Field(description="Problems of files, near-copies, the plan.")
    arms: tuple[ArmSummary, ...]
    classes_need: tuple[ClassNeeds, ...] = Field(description="By the pick, or the best arm.")
    suspects: tuple[Suspect, ...] = Field(description="Labels that are likely wrong.")
    decision: Decision
    published: tuple[str, ...]
    seconds: Annotated[float, Field(ge=0)]

    def lines(self) -> Iterator[str]:
        """What the command prints at its end."""
        yield ""
        for arm in sorted(self.arms, key=lambda arm: -(arm.accuracy or 0)):
            if arm.accuracy is None or arm.interval is None:
                yield f"  {arm.name:24} {arm.note}"
                continue
            low, high = (share(end, arm.pictures) for end in arm.interval)
            size = f"{arm.files[0].bytes / 1024:8,.0f} KiB" if arm.files else " " * 12
            yield (
                f"  {arm.name:24} {share(arm.accuracy, arm.pictures):>6} ({low} to {high}) {size}"
                f"  {arm.note}"
            )
        yield ""
        yield from self.decision.reasons
        if self.suspects:
            several = "s are" if len(self.suspects) > 1 else " is"
            yield (
                f"{len(self.suspects)} label{several} likely wrong: "
                f"{', '.join(one.file for one in self.suspects[:5])}"
                f"{' and more' if len(self.suspects) > 5 else ''}."
            )


def summarise(outcome: Outcome) -> Summary:
    """Put the outcome into one document."""
    subject, collection = outcome.subject, outcome.subject.collection
    best = _best(outcome)
    return Summary(
        name=subject.name,
        sha256=collection.sha256,
        pictures=len(collection),
        classes=collection.labels,
        splits=_splits(subject.task),
        notes=(*outcome.notes, *_unfamiliar(outcome, best)),
        arms=tuple(_arm(outcome, answers) for answers in outcome.answers),
        classes_need=tuple(_needs(best)),
        suspects=tuple(_suspects(subject, best)),
        decision=outcome.decision,
        published=tuple(map(str, outcome.published)),
        seconds=round(outcome.seconds, 1),
    )


def _unfamiliar(outcome: Outcome, best: Evidence) -> Iterator[str]:
    """What becomes of pictures of no class."""
    if len(best.logits) < FEWEST_KNOWN:
        yield (
            f"{len(best.logits)} pictures are too few to say which score is unusually low (at "
            f"least {FEWEST_KNOWN}): no picture is answered as unfamiliar"
        )
    for one in outcome.staged.values():
        manifest = one.artifact.manifest
        if (rejection := manifest.rejection) is None or rejection.separation is None:
            continue
        curve = rejection.separation.curve
        point = next(one for one in curve if one.threshold == rejection.threshold)
        drawn = mean(share for kind, share in point.outliers.items() if kind != HELD_OUT)
        held_out = point.outliers.get(HELD_OUT)
        yield (
            f"{manifest.name}: {1 - point.accepted:.1%} of these pictures are answered as "
            f"unfamiliar, {1 - drawn:.0%} of drawn ones of no class"
            + (
                "; no class could be held out to choose or judge that with"
                if held_out is None
                else f" and {1 - held_out:.0%} of those of a class that was held out"
            )
        )


def _best(outcome: Outcome) -> Evidence:
    """Of the pick; where there is none, of the most accurate model."""
    pick = outcome.decision.pick
    staged = outcome.staged.values()
    for one in staged:
        if pick is not None and str(one.artifact) == pick.model:
            return one.evidence
    return max(staged, key=lambda one: one.evidence.test.accuracy).evidence


def _splits(task: Task) -> str:
    folds = task.folds
    if len(folds) > 1:
        return (
            f"{len(folds)}-fold cross-validation: every picture was asked about once, of a model "
            "that had learnt neither from it nor from a near-copy of it"
        )
    return f"{len(folds[0].train):,} pictures to learn from, {len(folds[0].test):,} set aside"


def _arm(outcome: Outcome, answers: Answers) -> ArmSummary:
    staged = outcome.staged.get(answers.name)
    published = {str(one) for one in outcome.published}
    model = str(staged.artifact) if staged else None
    measured = _measured(answers) if answers.logits else None
    recalls = (
        {row.label: row.recall for row in measured.per_class if row.support} if measured else {}
    )
    accuracies = tuple(float(right.mean()) for right in answers.right)
    return ArmSummary(
        name=answers.name,
        accuracy=measured.accuracy if measured else None,
        interval=measured.interval if measured else None,
        macro_recall=sum(recalls.values()) / len(recalls) if recalls else None,
        recalls=recalls,
        pictures=sum(map(len, answers.logits)),
        folds=accuracies,
        fold_deviation=float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
        seconds=round(sum(answers.seconds), 1),
        note=answers.note,
        model=model if model in published else None,
        files=tuple(
            FileFigures.model_validate(option, from_attributes=True)
            for option in (staged.options if staged else ())
        ),
    )


def _measured(answers: Answers) -> SplitMetrics:
    logits, places = answers.pooled
    return split_metrics(logits, answers.task.targets[places], answers.task.labels)


def _needs(best: Evidence) -> Iterator[ClassNeeds]:
    for row in best.test.per_class:
        right = round(row.recall * row.support)
        spread = max(row.recall * (1 - row.recall), 0.05)  # nobody is right always
        yield ClassNeeds(
            label=row.label,
            pictures=row.support,
            recall=row.recall,
            interval=wilson_interval(right, row.support),
            more_pictures=max(0, round(spread * (Z / 0.05) ** 2) - row.support),
        )


def _suspects(subject: Subject, best: Evidence) -> Iterator[Suspect]:
    predicted, likely = best.logits.argmax(axis=1), best.probabilities
    for place in best.suspects()[:_SUSPECTS]:
        source = subject.collection.sources[subject.task.tested[place]]
        yield Suspect(
            file=source.name,
            label=source.label,
            predicted=best.labels[predicted[place]],
            probability=float(likely[place].max()),
        )

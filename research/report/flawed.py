"""The seed report's fault, reproduced: outputs that never win, and how a metric can hide them."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from artifact.metrics import SplitMetrics
from artifact.study import Outcome, WholeStudy
from research.report.arms import setting, told
from research.report.evidence import Evidence
from research.report.reported import NEVER_PREDICTED, REPORTED
from research.report.words import counted, listed, percent, table

STUDY: Final = "flawed-head"
_DEAD: Final = ("4", "7")  # as the report's second network has it

_FAULT: Final = """\
The report's confusion matrices show digits that are almost never predicted: {never}. A network
that never says 7 is wrong on every 7, about a tenth of all images, so its accuracy cannot be 95%;
yet the report's training and validation accuracies are 94% to 97%. Two faults together explain
both.

- **A ReLU on the logits before the softmax.** Where it is 0 it has no gradient. An output that is
  below 0 for every picture stays there: its class is predicted only where all others are 0 too, and
  then the first class wins the tie.
- **An accuracy per class, one against the rest.** A wrong answer is wrong for two of ten such
  accuracies, the class that it is and the class that was said, and right for the eight others:
  their mean is 1 - 0.2 x error."""


def flawed(evidence: Evidence) -> Iterator[str]:
    """The fault explained, and the study that reproduces it, if it has been done."""
    yield "## The flawed head"
    never = "; ".join(f"{digits} ({arm})" for arm, digits in NEVER_PREDICTED.items())
    yield _FAULT.format(never=never)
    yield _report_reread()
    study = evidence.studies.get(STUDY)
    if study is None:
        yield "The study that reproduces it, `flawed-head`, has not been done yet."
        return
    yield (
        f"Reproduced in {setting(study.study)}: the same networks, the same seeds, with and "
        "without a ReLU on the logits."
    )
    yield _table(study)
    yield " ".join(_caught(study))
    yield " ".join(told(study.study))
    if "confusion" in study.study.figures:
        yield evidence.figure(STUDY, "confusion", "What the test images were taken for")


def one_against_rest(metrics: SplitMetrics) -> float:
    """Mean over the classes of the accuracy of saying whether a picture is of that class."""
    counts = np.array(metrics.confusion_matrix)
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    return float(1 - (wrong / counts.sum()).mean())


def never_predicted(metrics: SplitMetrics) -> list[str]:
    """Classes that no picture is taken for."""
    predicted = np.array(metrics.confusion_matrix).sum(axis=0)
    return [row.label for row, count in zip(metrics.per_class, predicted, strict=True) if not count]


def _report_reread() -> str:
    """The report's own figures, read as the second fault would have it."""
    rows = [
        [
            label,
            percent(figures.test),
            percent(1 - 0.2 * (1 - figures.test)),
            percent(figures.validation),
        ]
        for study in REPORTED.values()
        for label, figures in study.items()
        if figures.test is not None
    ]
    head = ["", "test, as reported", "that, one against the rest", "validation, as reported"]
    distances = [
        abs(1 - 0.2 * (1 - figures.test) - figures.validation)
        for study in REPORTED.values()
        for figures in study.values()
        if figures.test is not None
    ]
    return (
        f"{table(head, rows)}\n\nRead so, its test accuracies come to within "
        f"{100 * max(distances):.1f} points of its validation accuracies. This is an inference "
        "from its figures, not something that it says."
    )


def _table(study: WholeStudy) -> str:
    head = ["", "never predicted", "findings", "seed", "right on test", "one against the rest"]
    rows = [
        _row(arm.label, seed, study.runs[run])
        for arm in study.study.arms
        for seed, run in arm.runs.items()
    ]
    return table(head, rows, left=3)


def _row(label: str, seed: int, outcome: Outcome) -> list[str]:
    test = outcome.metrics.test
    names = sorted({finding.name for finding in outcome.findings})
    return [
        label,
        ", ".join(never_predicted(test)) or "-",
        ", ".join(f"`{name}`" for name in names) or "-",
        str(seed),
        percent(test.accuracy),
        percent(one_against_rest(test)),
    ]


def _caught(study: WholeStudy) -> Iterator[str]:
    """Whether the findings name the networks with dead outputs, and no others."""
    outcomes = [study.runs[run] for arm in study.study.arms for run in arm.runs.values()]
    sound = [each for each in outcomes if each.head == "linear"]
    dead = [each for each in outcomes if never_predicted(each.metrics.test)]
    named = sum(bool(each.findings) for each in dead)
    accused = sum(bool(each.findings) for each in sound)
    verb = "predicts" if len(dead) == 1 else "predict"
    names = f"training names {named} of these as flawed, and" if dead else "training names"
    yield (
        f"Of {counted(len(outcomes), 'network')}, {len(dead) or 'none'} never {verb} some digit; "
        f"{names} {accused or 'none'} of the {counted(len(sound), 'sound one')}."
    )
    if dead:
        yield _hidden(min(dead, key=lambda each: each.metrics.test.accuracy).metrics.test)
    yield from _two_dead(outcomes[0].metrics.test)


def _hidden(worst: SplitMetrics) -> str:
    return (
        f"The worst never says {listed(never_predicted(worst))}: it is right on "
        f"{percent(worst.accuracy)}, and its accuracies per class still have a mean of "
        f"{percent(one_against_rest(worst))}. Publishing such a network takes "
        "`--publish-flawed`, and its manifest and every answer say so."
    )


def _two_dead(test: SplitMetrics) -> Iterator[str]:
    """What a network would score that is right on everything but two dead digits."""
    support = {row.label: row.support for row in test.per_class}
    if set(_DEAD) <= support.keys():
        error = sum(support[digit] for digit in _DEAD) / sum(support.values())
        yield (
            f"A network that is right on everything but {listed(_DEAD)}, which it never says, is "
            f"right on {percent(1 - error)}, and on {percent(1 - 0.2 * error)} one against the "
            "rest: the report's figures are of that size."
        )

"""The seed report's own comparisons: its figures, the same done soundly, and in our protocol."""

from collections.abc import Iterator, Mapping
from typing import Final

from artifact.study import Study, StudyArm, StudyPair, WholeStudy
from research.report.arms import reasons, setting, told
from research.report.evidence import Evidence
from research.report.reported import REPORTED, Reported
from research.report.words import counted, judged, percent, points, signed, spread, table
from research.study.summary import adjusted, compare

_TITLES: Final = {
    "architectures": "Architecture 1 against architecture 2",
    "mixes": "One conv and three mobile blocks against three conv and one mobile",
    "optimizers": "SGD against Adam",
}
_SETTING: Final = """\
Its protocol is 10 epochs of batches of 64 at a constant learning rate of 0.001 (Adam where nothing
else is said), 80% of the training images learnt from, cross-entropy, no augmentation. The networks
are this project's: all share stem, widths and strides, so that only the blocks differ. Where the
precision is `auto`, networks of mostly standard convolutions compute their training steps in
bfloat16 if the processor has it; evaluation is in float32 for all."""
_OURS, _ITS = "our protocol", "the report's protocol"


def compared(evidence: Evidence) -> Iterator[str]:
    """One part for each comparison that has been done, in its protocol or in ours."""
    yield "## The seed report's comparisons"
    yield _SETTING
    for name, title in _TITLES.items():
        its, ours = evidence.studies.get(name), evidence.studies.get(f"{name}-ours")
        if its is None and ours is None:
            continue
        yield f"### {title}"
        yield _table(REPORTED[name], its, ours)
        if its is not None:
            yield " ".join(_held_against_report(REPORTED[name], its))
            yield from _order(name, its)
        if ours is not None:
            yield " ".join(told(ours.study))
        if its is not None and ours is not None:
            yield from _protocols(its, ours)
        for study in filter(None, (its, ours)):
            where = f"{title}, {_ITS if study is its else _OURS}"
            yield evidence.figure(study.study.name, "accuracy", f"{where}: right on test")
            yield evidence.figure(study.study.name, "curves", f"{where}: learning curves")


def _table(
    reported: Mapping[str, Reported], its: WholeStudy | None, ours: WholeStudy | None
) -> str:
    rows = [*_reported_rows(reported)]
    for study in filter(None, (its, ours)):
        where = _ITS if study is its else _OURS
        rows += [_row(f"{arm.label}, {where}", arm) for arm in study.study.arms]
    return table(["", "train", "validation", "test", "macro recall", "parameters"], rows)


def _reported_rows(reported: Mapping[str, Reported]) -> Iterator[list[str]]:
    for label, figures in reported.items():
        known = (figures.train, figures.validation, figures.test, figures.macro_recall)
        cells = ["-" if figure is None else percent(figure) for figure in known]
        yield [f"{label}, as reported", *cells, "-"]


def _row(label: str, arm: StudyArm) -> list[str]:
    figures = (arm.train_accuracy, arm.validation_accuracy, arm.test_accuracy, arm.macro_recall)
    return [label, *map(spread, figures), f"{arm.parameters:,}"]


def _held_against_report(reported: Mapping[str, Reported], its: WholeStudy) -> Iterator[str]:
    """How far the same protocol, soundly done, is from what was reported."""
    arms = {arm.label: arm for arm in its.study.arms}
    yield f"In {setting(its.study)}, soundly done:"
    for label, figures in reported.items():
        if label in arms and figures.test is not None:
            test = arms[label].test_accuracy.mean
            yield (
                f"{label} is right on {percent(test)} of the test images where the report has "
                f"{percent(figures.test)} ({signed(test - figures.test)} points)."
            )
        elif label in arms:
            found = arms[label].validation_accuracy.mean
            yield (
                f"{label} is right on {percent(found)} of the validation images where the report "
                f"has {percent(figures.validation)} "
                f"({signed(found - figures.validation)} points); read one class against the rest, "
                f"as [the flawed head](#the-flawed-head) suspects of the report, that is "
                f"{percent(1 - 0.2 * (1 - found))}."
            )
    yield from _gap(reported, [arm for arm in its.study.arms if arm.label in reported])


def _gap(reported: Mapping[str, Reported], arms: list[StudyArm]) -> Iterator[str]:
    """Validation and test are drawn alike: a gap between them is a fault of measuring."""
    gaps = [each.validation - each.test for each in reported.values() if each.test is not None]
    if not gaps or not arms:
        return
    here = max(abs(arm.validation_accuracy.mean - arm.test_accuracy.mean) for arm in arms)
    yield (
        f"In the report, test lies {100 * min(gaps):.2f} to {points(max(gaps))} below validation; "
        f"here the two are {points(here)} apart at most."
    )
    if here < min(gaps) / 2:
        yield (
            "Both are pictures that the network has not learnt from, so a gap of that size is no "
            "overfitting: the report's two figures are not of the same function (see "
            "[the flawed head](#the-flawed-head))."
        )


def _order(name: str, study: WholeStudy) -> Iterator[str]:
    """Whether the better one of the report is the better one here."""
    reported = {
        label: figures.validation if figures.test is None else figures.test
        for label, figures in REPORTED[name].items()
    }
    if (pair := study.study.pair(*reported)) is None:
        return
    better = max(reported, key=reported.__getitem__)
    lead = max(reported.values()) - min(reported.values())
    order = f"The report has **{better}** ahead by {points(lead)}. {_verdict(pair, better)}"
    yield " ".join((order, *reasons(study.study)))


def _verdict(pair: StudyPair, reported: str) -> str:
    if pair.more_than_noise is None or pair.difference == 0:
        return f"Whether that order holds cannot be told here: {judged(pair)}."
    if not pair.more_than_noise:
        return f"Here there is no order to confirm: {judged(pair)}."
    holds = "That order holds" if pair.first == reported else "Here the order is the other one"
    return f"{holds}: {judged(pair)}."


def _protocols(its: WholeStudy, ours: WholeStudy) -> Iterator[str]:
    """What our protocol changes for the arms that were tried in both, on the same network."""
    shared = [
        (arm, other)
        for arm in its.study.arms
        for other in ours.study.arms
        if arm.label == other.label and _network(its.study, arm) == _network(ours.study, other)
    ]
    pairs = adjusted(
        compare(
            _OURS,
            _ITS,
            {
                _ITS: {seed: its.runs[run] for seed, run in arm.runs.items()},
                _OURS: {seed: ours.runs[run] for seed, run in other.runs.items()},
            },
        )
        for arm, other in shared
    )
    if not pairs:
        return
    base = ours.study.base
    changes = (
        "augmentation, AdamW with one cycle of the learning rate, averaged weights, "
        f"{float(str(base['train_ratio'])):.0%} of the training images learnt from in batches of "
        f"{base['batch_size']}, in {counted(int(str(base['epochs'])), 'epoch')}"
    )
    yield f"What our protocol changes ({changes}):"
    yield "\n".join(
        f"- {arm.label}: {judged(pair)}." for (arm, _), pair in zip(shared, pairs, strict=True)
    )


def _network(study: Study, arm: StudyArm) -> object:
    """The architecture that the arm trains."""
    return {**study.base, **arm.changes}["architecture"]

"""A study's arms, in a table and in sentences."""

from collections.abc import Iterator
from statistics import median

from artifact.study import Study, StudyArm, StudyPair
from research.report.reasons import reason
from research.report.words import counted, judged, listed, points, seeds_of, signed, spread
from research.report.words import table as markdown

_OWN = "\\*"  # in Markdown a plain asterisk begins emphasis
PROTOCOLS = {"seed": "the seed report's protocol", "ours": "our protocol"}


def setting(study: Study) -> str:
    """In what the arms are compared."""
    base = study.base
    return (
        f"{PROTOCOLS[study.protocol]} (`{base['architecture']}` unless the arm says otherwise, "
        f"{counted(int(str(base['epochs'])), 'epoch')}, {seeds_of(study.arms)})"
    )


def arms_table(study: Study) -> str:
    """Every arm, with its distance from the protocol's own."""
    own = study.own
    accuracies = ("train", "validation", "test", "macro recall")
    head = [f"arm ({_OWN}: the protocol's own)", "seeds", *accuracies, "parameters", "seconds"]
    rows = [
        [
            f"{arm.label} {_OWN}" if arm is own else arm.label,
            str(len(arm.runs)),
            spread(arm.train_accuracy),
            spread(arm.validation_accuracy),
            spread(arm.test_accuracy),
            spread(arm.macro_recall),
            f"{arm.parameters:,}",
            f"{arm.seconds.mean:.0f}",
        ]
        for arm in study.arms
    ]
    return markdown(head, rows)


def told(study: Study) -> Iterator[str]:
    """What the study says: the best arm, what differs by more than noise, and why."""
    best = max(study.arms, key=lambda arm: arm.test_accuracy.mean)
    yield (
        f"In {setting(study)}, the best on test is **{best.label}** at "
        f"{spread(best.test_accuracy)}."
    )
    if len(study.pairs) == 1:
        yield f"{judged(study.pairs[0])}."
    elif study.pairs:
        yield from _against_own(study, best)
        yield _differing(study)
    yield from reasons(study)


def _against_own(study: Study, best: StudyArm) -> Iterator[str]:
    own = study.own
    if best is own:
        yield "That is the protocol's own choice: no other arm does better."
    elif own is not None and (pair := study.pair(best.label, own.label)) is not None:
        yield f"Against the protocol's own choice: {judged(pair)}."


def _differing(study: Study) -> str:
    """How many pairs differ by more than noise, and what could have been told."""
    judgeable = [pair for pair in study.pairs if pair.more_than_noise is not None]
    if not judgeable:
        return "With so few seeds no pair can be told from noise."
    clear = [pair for pair in judgeable if pair.more_than_noise]
    limit = _detectable(judgeable)
    if not clear:
        return (
            f"None of its {counted(len(study.pairs), 'pair')} differs by more than noise; the "
            f"intervals are about ±{points(limit)} wide, so that a smaller difference cannot be "
            "seen here."
        )
    named = listed(
        f"{pair.first} over {pair.second} ({signed(pair.difference or 0)})" for pair in clear
    )
    verb = "differs" if len(clear) == 1 else "differ"
    return (
        f"{len(clear)} of its {len(study.pairs)} pairs {verb} by more than noise: {named}. "
        f"The intervals are about ±{points(limit)} wide."
    )


def _detectable(pairs: list[StudyPair]) -> float:
    return median((pair.interval[1] - pair.interval[0]) / 2 for pair in pairs if pair.interval)


def reasons(study: Study) -> Iterator[str]:
    """Why arms differ from the protocol's own, or from each other where none is its own."""
    own = study.own.label if study.own else None
    for pair in study.pairs:
        if pair.more_than_noise and own in (None, pair.first, pair.second):
            why = reason(study.name, pair.first, pair.second, own)
            if why is not None:
                yield f"Why {pair.first} over {pair.second}: {why}."

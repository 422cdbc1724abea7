"""From answers to figures: pure functions of outcomes."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from artifact.manifest import Finding
from research.robustness.exams import ExamName
from research.robustness.outcomes import Outcome
from research.robustness.report import ExamReport, Mistake, Score, SourceScore
from training.evaluation.evaluate import calibration_error, wilson_interval
from training.evaluation.flaws import rarely_right


def report_exam(exam: ExamName, outcomes: Sequence[Outcome]) -> ExamReport:
    """Score all outcomes of one exam, at least one, as a whole and by source."""
    sources = _by_source(outcomes)
    return ExamReport(
        exam=exam,
        whole=score(outcomes),
        sources=sources,
        mean_over_sources=float(np.mean([source.score.accuracy for source in sources])),
        mistakes=tuple(_mistake(outcome) for outcome in worst_first(outcomes) if not outcome.right),
        findings=tuple(_rarely_right(exam, outcomes)),
    )


def score(outcomes: Sequence[Outcome]) -> Score:
    """Count and measure outcomes, at least one."""
    right = sum(outcome.right for outcome in outcomes)
    answered = [outcome for outcome in outcomes if outcome.prediction]
    return Score(
        pictures=len(outcomes),
        right=right,
        accuracy=right / len(outcomes),
        interval=wilson_interval(right, len(outcomes)),
        accepted=sum(outcome.accepted for outcome in outcomes),
        accepted_right=sum(outcome.accepted and outcome.right for outcome in outcomes),
        refused=len(outcomes) - len(answered),
        confidence=_confidence(answered),
        calibration_error=_calibration_error(answered),
    )


def worst_first(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Order by what deserves a look: refused, confidently wrong, wrong, doubtfully right, right."""

    def urgency(outcome: Outcome) -> tuple[int, float]:
        if outcome.prediction is None:
            return 0, 0.0
        return (2, outcome.probability) if outcome.right else (1, -outcome.probability)

    return sorted(outcomes, key=urgency)


def _rarely_right(exam: ExamName, outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    pictures = Counter(outcome.sample.label for outcome in outcomes)
    right = Counter(outcome.sample.label for outcome in outcomes if outcome.right)
    for label in sorted(pictures):
        yield from rarely_right(label, right[label], pictures[label], exam)


def _by_source(outcomes: Sequence[Outcome]) -> tuple[SourceScore, ...]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.sample.source, []).append(outcome)
    return tuple(
        SourceScore(source=name, score=score(group)) for name, group in sorted(groups.items())
    )


def _confidence(answered: Sequence[Outcome]) -> float | None:
    return float(np.mean([outcome.probability for outcome in answered])) if answered else None


def _calibration_error(answered: Sequence[Outcome]) -> float | None:
    """Confidence against accuracy; the answer is class 0 of two, and right or not."""
    if not answered:
        return None
    probability = np.array([outcome.probability for outcome in answered])
    wrong = np.array([not outcome.right for outcome in answered], int)
    return calibration_error(np.stack([probability, np.zeros_like(probability)], 1), wrong)


def _mistake(outcome: Outcome) -> Mistake:
    sample, prediction = outcome.sample, outcome.prediction
    return Mistake(
        picture=sample.name,
        source=sample.source,
        true=sample.label,
        said=prediction.label if prediction else None,
        probability=prediction.probability if prediction else None,
        reason=prediction.reason if prediction else outcome.refusal,
    )

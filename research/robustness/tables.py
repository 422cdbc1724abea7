"""A report as a person reads it."""

from collections.abc import Iterator

from research.robustness.exams import TITLES
from research.robustness.report import ExamReport, Mistake, ModelReport, Score

MOST_MISTAKES = 40

_HEADINGS = ("pictures", "right", "accuracy", "accepted", "confidence", "calibration error")
_ROW = "  {:<20}{:>9}{:>8}{:>10}{:>10}{:>12}{:>19}"
_BLANKS = ("",) * 3


def lines(report: ModelReport) -> Iterator[str]:
    """Write one table a set of pictures, and below it what was answered wrongly."""
    for finding in report.findings:
        yield f"{report} is flawed: {finding.name}: {finding.message}"
    for exam in report.exams:
        yield ""
        yield f"{report} on {report.runtime}: {TITLES[exam.exam]}"
        yield from _table(exam)
        yield from _mistakes(exam)
        for finding in exam.findings:
            yield f"  {finding.name}: {finding.message}"


def _table(exam: ExamReport) -> Iterator[str]:
    yield _ROW.format("", *_HEADINGS)
    for source in exam.sources:
        yield _row(source.source, source.score)
    yield _row("all", exam.whole)
    low, high = exam.whole.interval
    yield _ROW.format("mean over sources", "", "", f"{exam.mean_over_sources:.2%}", *_BLANKS)
    yield (
        f"  95% interval of all: {low:.2%} to {high:.2%}; of {exam.whole.accepted} accepted "
        f"answers {exam.whole.accepted_right} are right"
    )


def _row(name: str, score: Score) -> str:
    return _ROW.format(
        name,
        score.pictures,
        score.right,
        f"{score.accuracy:.2%}",
        score.accepted,
        "-" if score.confidence is None else f"{score.confidence:.3f}",
        "-" if score.calibration_error is None else f"{score.calibration_error:.3f}",
    ).rstrip()


def _mistakes(exam: ExamReport) -> Iterator[str]:
    shown = exam.mistakes[:MOST_MISTAKES]
    if shown:
        yield f"  wrong ({len(exam.mistakes)}):"
    for mistake in shown:
        yield f"    {_sentence(mistake)}"
    if len(shown) < len(exam.mistakes):
        yield f"    ... and {len(exam.mistakes) - len(shown)} more, in evaluation.json"


def _sentence(mistake: Mistake) -> str:
    what = f"{mistake.picture} ({mistake.source}): true {mistake.true}"
    if mistake.said is None:
        return f"{what}, refused: {mistake.reason}"
    doubt = f", not accepted: {mistake.reason}" if mistake.reason else ""
    return f"{what}, said {mistake.said} at {mistake.probability:.1%}{doubt}"

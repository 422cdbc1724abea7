"""What evaluation.json says of each model, as tables and as a figure."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pydantic import Field

from artifact.manifest import Finding, Name, Part, RuntimeId, Share, Version
from research.output import plain
from research.robustness.samples import TITLES, SetName
from training.figures.canvas import FADED, INK, PALETTE, blank, short, styled
from training.figures.confusion import LONGEST_LABEL
from training.figures.typefaces import choose_type

MOST_MISTAKES = 40
_BAR_INCHES = 0.15
_ROW_GAP = 0.4  # of a row's bars
_MOST_SOURCES = 40  # of more, the figure is longer than anyone reads


class Score(Part):
    """Some pictures and how they were answered; one that was refused counts as wrong."""

    pictures: int = Field(ge=1)
    correct: int = Field(ge=0, description="Answered with their label, accepted or not.")
    accuracy: Share
    interval: tuple[Share, Share] = Field(description="Wilson's 95% interval of the accuracy.")
    accepted: int = Field(ge=0, description="Answers that the model stands by.")
    accepted_correct: int = Field(ge=0, description="Of these, the correct ones.")
    refused: int = Field(ge=0, description="Files that could not be read or decoded.")
    confidence: Share | None = Field(
        description="Mean probability of the answers; null where there is none."
    )
    calibration_error: Share | None = Field(
        description="Expected calibration error over 15 equal-width bins of confidence; null where "
        "there is no answer."
    )


class SourceScore(Part):
    """The pictures of one source."""

    source: str
    score: Score


class Mistake(Part):
    """A picture that was answered wrongly or not at all."""

    picture: str
    source: str
    true: str
    predicted: str | None = Field(description="Null where the file was refused.")
    probability: Share | None = Field(description="Of what was predicted.")
    reason: str | None = Field(description="Why the answer was not accepted, or the file refused.")


class SetReport(Part):
    """One model on one set of pictures."""

    name: SetName
    whole: Score
    sources: tuple[SourceScore, ...] = Field(description="By name.")
    mean_over_sources: Share = Field(description="Of the accuracies, each source alike.")
    mistakes: tuple[Mistake, ...] = Field(description="All of them, the most confident first.")
    findings: tuple[Finding, ...] = Field(
        (), description="Labels that the model names for fewer than a fifth of their pictures."
    )


class ModelReport(Part):
    """One model on all sets of pictures."""

    model: Name
    version: Version
    runtime: RuntimeId
    sets: tuple[SetReport, ...]
    findings: tuple[Finding, ...] = Field(
        (), description="What its manifest says is wrong with the model."
    )

    def __str__(self) -> str:
        return f"{self.model}/{self.version}"


class EvaluationReport(Part):
    """The whole of evaluation.json."""

    seed: int = Field(description="Of the draw of pictures, and of their corruption.")
    models: tuple[ModelReport, ...]


def lines(report: ModelReport) -> Iterator[str]:
    """A table for each set of pictures, and below it the wrong answers."""
    for finding in report.findings:
        yield f"{report} is flawed: {finding.name}: {finding.message}"
    for scored in report.sets:
        yield ""
        yield f"{report} on {report.runtime}: {TITLES[scored.name]}"
        yield from _table(scored)
        yield from _mistakes(scored)
        for finding in scored.findings:
            yield f"  {finding.name}: {finding.message}"


def _table(scored: SetReport) -> Iterator[str]:
    head = ("", "pictures", "correct", "accuracy", "accepted", "confidence", "calibration error")
    rows = [
        *(_row(source.source, source.score) for source in scored.sources),
        _row("all", scored.whole),
        ("mean over sources", "", "", f"{scored.mean_over_sources:.2%}", "", "", ""),
    ]
    yield from plain("<>>>>>>", head, rows)
    low, high = scored.whole.interval
    yield (
        f"  95% interval of all: {low:.2%} to {high:.2%}; of {scored.whole.accepted} accepted "
        f"answers {scored.whole.accepted_correct} are correct"
    )


def _row(name: str, score: Score) -> tuple[str, ...]:
    return (
        name,
        f"{score.pictures}",
        f"{score.correct}",
        f"{score.accuracy:.2%}",
        f"{score.accepted}",
        "-" if score.confidence is None else f"{score.confidence:.3f}",
        "-" if score.calibration_error is None else f"{score.calibration_error:.3f}",
    )


def _mistakes(scored: SetReport) -> Iterator[str]:
    shown = scored.mistakes[:MOST_MISTAKES]
    if shown:
        yield f"  wrong ({len(scored.mistakes)}):"
    for mistake in shown:
        yield f"    {_sentence(mistake)}"
    if len(shown) < len(scored.mistakes):
        yield f"    ... and {len(scored.mistakes) - len(shown)} more, in evaluation.json"


def _sentence(mistake: Mistake) -> str:
    what = f"{mistake.picture} ({mistake.source}): true {mistake.true}"
    if mistake.predicted is None:
        return f"{what}, refused: {mistake.reason}"
    doubt = f", not accepted: {mistake.reason}" if mistake.reason else ""
    return f"{what}, predicted {mistake.predicted} at {mistake.probability:.1%}{doubt}"


@styled
def draw_accuracies(reports: Mapping[str, SetReport], title: str) -> Figure:
    """Draw one bar a model for each source: the share of wrong answers, with its 95% interval.

    Of many sources, the worst are drawn.
    """
    scores = {
        name: {one.source: one.score for one in report.sources} for name, report in reports.items()
    }
    everything = _worst_first([*scores.values()])
    sources = everything[:_MOST_SOURCES]
    type_ = choose_type(sources)
    pitch = len(reports) + _ROW_GAP
    means = ", ".join(f"{name} {report.mean_over_sources:.2%}" for name, report in reports.items())
    figure = blank(
        len(sources) * pitch * _BAR_INCHES + 1.6, f"{title}\naccuracy, mean over sources: {means}"
    )
    axes = figure.subplots()
    for place, (name, its) in enumerate(scores.items()):
        heights = [row * pitch + place for row in range(len(sources))]
        shown = [its[source] for source in sources]
        _draw_model(axes, shown, heights, PALETTE[place % len(PALETTE)], name)
    middle = (len(reports) - 1) / 2
    names = [short(name, LONGEST_LABEL) for name in type_.names.values()]
    axes.set_yticks([row * pitch + middle for row in range(len(sources))], names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(sources) * pitch - _ROW_GAP / 2, -1)
    axes.set_xlim(left=0)
    worst = f"; the worst of {len(everything)}" if len(everything) > len(sources) else ""
    axes.set_xlabel(f"% wrong; the lines are 95% intervals{worst}")
    if len(reports) > 1:
        axes.legend(loc="lower right", frameon=False)
    type_.use(figure)
    return figure


def _worst_first(scores: Sequence[Mapping[str, Score]]) -> list[str]:
    """The sources, by what all models reach together."""
    return sorted(scores[0], key=lambda source: sum(its[source].accuracy for its in scores))


def _draw_model(
    axes: Axes, scores: Sequence[Score], heights: Sequence[float], colour: str, name: str
) -> None:
    wrong = [100 * (1 - score.accuracy) for score in scores]
    axes.barh(heights, wrong, 0.9, color=colour, label=name)
    for score, share, y in zip(scores, wrong, heights, strict=True):
        low, high = (100 * (1 - end) for end in reversed(score.interval))
        axes.plot([low, high], [y, y], color=INK, linewidth=0.8)
        axes.text(high, y, f" {share:.1f}", va="center", size=8, color=FADED)

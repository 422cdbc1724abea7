"""The report of one decision: a page that holds everything, and the same in Markdown."""

import base64
from collections.abc import Sequence
from pathlib import Path

import matplotlib.ticker
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from matplotlib.figure import Figure

from artifact.files import replace
from artifact.metrics import Example
from artifact.statistics.wording import milliseconds, share
from training.decide.outcome.summary import ArmSummary, Summary
from training.decide.run import Outcome
from training.figures.canvas import BLUE, FADED, VERMILION, blank, png, styled
from training.figures.galleries import draw_suspects
from training.figures.typefaces import choose_type

_SHOWN = 64  # pixels a side of the pictures on the contact sheet


def write_report(summary: Summary, outcome: Outcome) -> Path:
    """Write report.html, report.md and their figures beside the results; give the page's path."""
    arms = sorted(summary.arms, key=lambda arm: -(arm.accuracy or 0))
    figures = {"models": png(draw_models(arms, summary))}
    if summary.suspects:
        figures["suspects"] = png(_draw_suspects(summary, outcome))
    folder = outcome.subject.folder
    for name, content in figures.items():
        replace(folder / f"{name}.png", content)
    words: dict[str, object] = {
        "summary": summary,
        "arms": arms,
        **{f"{name}_png": base64.b64encode(content).decode() for name, content in figures.items()},
        **_helpers(summary),
    }
    environment = Environment(
        loader=PackageLoader(__package__),
        undefined=StrictUndefined,
        autoescape=select_autoescape(["html.j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = cell
    for kind in ("md", "html"):
        page = environment.get_template(f"report.{kind}.j2").render(words)
        replace(folder / f"report.{kind}", page.encode())
    return folder / "report.html"


@styled
def draw_models(arms: Sequence[ArmSummary], summary: Summary) -> Figure:
    """Draw the smallest file of every model: its accuracy, with the interval, over its size."""
    figure = blank(4.2, f"{summary.name}: accuracy and size of every model")
    axes = figure.subplots()
    pick = summary.decision.pick
    smallest = [(min(arm.files, key=lambda file: file.bytes), arm) for arm in arms if arm.files]
    smallest.sort(key=lambda pair: pair[0].bytes)
    for place, (file, arm) in enumerate(smallest):
        size, accuracy = file.bytes / 1024, 100 * file.accuracy
        low, high = (100 * side for side in file.interval)
        chosen = pick is not None and arm.model == pick.model
        colour = VERMILION if chosen else BLUE
        error = [[accuracy - low], [high - accuracy]]
        axes.errorbar(size, accuracy, error, fmt="o", color=colour, capsize=3)
        left = place < len(smallest) / 2  # names point away from each other
        axes.annotate(
            f"{arm.name}{' (shipped)' if chosen else ''}",
            (size, accuracy),
            (-8 if left else 8, -12 if place % 2 else 4),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=9,
        )
    axes.axhline(100 * summary.decision.majority, color=FADED, linestyle=":", linewidth=1)
    axes.set_xscale("log")
    least, most = (smallest[end][0].bytes / 1024 for end in (0, -1))
    axes.set_xlim(least / 3, 3 * most)  # room for names, and a power of ten at least
    axes.xaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(matplotlib.ticker.FormatStrFormatter("%g"))
    axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
    axes.set_xlabel("KiB of the smallest file (dotted: always the most frequent class)")
    axes.set_ylabel("accuracy, %")
    return figure


def _draw_suspects(summary: Summary, outcome: Outcome) -> Figure:
    names = {source.name: n for n, source in enumerate(outcome.subject.collection.sources)}
    places = [names[one.file] for one in summary.suspects]
    pixels = outcome.subject.task.store.read(_SHOWN, places)
    type_ = choose_type(summary.classes)
    examples = [
        Example(
            index=place,
            true=type_.names[one.label],
            predicted=type_.names[one.predicted],
            probability=one.probability,
        )
        for place, one in enumerate(summary.suspects)
    ]
    figure = draw_suspects(examples, pixels, summary.name)
    type_.use(figure)
    return figure


def cell(text: str) -> str:
    """A name as it may stand in a table of Markdown."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _helpers(summary: Summary) -> dict[str, object]:
    images = summary.decision.images

    def shown(value: float | None) -> str:
        return "-" if value is None else share(value, images)

    def interval(ends: tuple[float, float] | None) -> str:
        return "-" if ends is None else f"{shown(ends[0])} to {shown(ends[1])}"

    def spread(arm: ArmSummary) -> str:
        return "-" if arm.fold_deviation is None else f"± {100 * arm.fold_deviation:.1f}"

    def kib(arm: ArmSummary) -> str:
        return " / ".join(f"{file.bytes / 1024:,.0f}" for file in arm.files) or "-"

    def times(arm: ArmSummary) -> str:
        measured = (file.p50_ms for file in arm.files)
        return " / ".join("-" if ms is None else milliseconds(ms) for ms in measured) or "-"

    return {"share": shown, "interval": interval, "spread": spread, "kib": kib, "ms": times}

"""The comparison as a page to be read: a table for each run, and the curves of the best score."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from artifact.manifest import Separation
from artifact.scores import SCORES
from research.figures.rejection import draw_rejection
from training.config import RunConfig
from training.evaluation.rejection import ACCEPTED
from training.figures.canvas import png
from training.outliers.letters import LOOK_LIKE_DIGITS

EVERYTHING, PRINTED = "everything", "printed digits"

_INTRODUCTION = """\
# No digit: how a picture is declined

Written by `python -m research decline`; do not edit by hand.

A picture goes the whole way of the service: find the ink, scale it as MNIST does, run the network.
An answer is withheld (`accepted: false`, reason `not-a-digit`) where the score lies below a
threshold, which is chosen on validation images alone, so that {accepted:.1%} of them are accepted.
What the preprocessing declines already (`blank`, `several`) is not counted here: the figures are of
pictures that reach the network, {pictures} of each kind at least. The fonts, letters, shapes, ways
of scribbling, noises, patterns and scenes are others than those that a network may have been shown
in training (`--outlier-weight`). All are made by `training/outliers`; none of it is a photograph
that anybody took, and there are no handwritten letters in it.

Left out, because anybody reads them as a digit when they stand alone: the letters
{letters}; circles, upright ellipses and single straight lines.

AUROC is the chance that a test image scores higher than an outlier. The two distances need the
features before the last layer, which the exported files do not give; they are here to show what
that would bring. The figure is of the best score that needs nothing but the logits.
"""


@dataclass(frozen=True)
class Row:
    """One score on one run, at the threshold that accepts nearly all validation images.

    Attributes:
        method: Name of the score.
        separation: Of test images from outliers.
        accepted: Share of the test images.
        declined: Share of each kind of outlier, of all together, and of printed digits.
    """

    method: str
    separation: Separation
    accepted: float
    declined: dict[str, float]


@dataclass(frozen=True)
class Compared:
    """All scores on one run.

    Attributes:
        run: Name of its folder.
        config: What it was started with.
        accuracy: On the test images.
        rows: One for each score.
    """

    run: str
    config: RunConfig
    accuracy: float
    rows: tuple[Row, ...]

    @property
    def best(self) -> Row:
        """The score of the highest AUROC over all outliers, of those that artifacts may use."""
        usable = (row for row in self.rows if row.method in SCORES)
        return max(usable, key=lambda row: row.separation.auroc)


def write_report(compared: Sequence[Compared], path: Path) -> None:
    """Write the page, and its figure beside it under the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure = path.with_suffix(".png")
    curves = {f"{one.run}, {one.best.method}": one.best.separation for one in compared}
    figure.write_bytes(png(draw_rejection(curves)))
    path.write_text("\n".join(_lines(compared, figure.name)), "utf-8")


def _lines(compared: Sequence[Compared], figure: str) -> Iterator[str]:
    yield _INTRODUCTION.format(
        accepted=ACCEPTED,
        pictures=min(one.best.separation.pictures for one in compared),
        letters=" ".join(sorted(LOOK_LIKE_DIGITS)),
    )
    yield f"![Outliers declined against digits accepted]({figure})\n"
    for one in compared:
        yield from _section(one)


def _section(one: Compared) -> Iterator[str]:
    weight, share = one.config.outlier_weight, one.config.outlier_share
    taught = (
        f"outliers shown: {share:g} of a batch, weight {weight:g}"
        if weight
        else "no outliers shown"
    )
    yield f"## {one.run}\n"
    yield f"{one.config.epochs} epochs, {taught}; {one.accuracy:.2%} right on test.\n"
    yield "AUROC in percent:\n"
    kinds = list(one.best.separation.auroc_by_kind)
    yield from _table(
        ["score", EVERYTHING, *kinds],
        [[row.method, *_percent(_aurocs(row))] for row in one.rows],
    )
    yield f"Declined, in percent, at {ACCEPTED:.1%} of the validation images accepted:\n"
    declined = list(one.best.declined)
    yield from _table(
        ["score", "test images", *declined],
        [[row.method, *_percent([1 - row.accepted, *row.declined.values()])] for row in one.rows],
    )


def _aurocs(row: Row) -> list[float]:
    return [row.separation.auroc, *row.separation.auroc_by_kind.values()]


def _percent(shares: Sequence[float]) -> list[str]:
    return [f"{100 * share:.1f}" for share in shares]


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---"] + ["---:"] * (len(head) - 1))
    yield from map(_line, rows)
    yield ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

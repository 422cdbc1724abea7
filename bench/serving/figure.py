"""The comparison in one picture: requests a second under load, and the time to one answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from bench.serving.bodies import Kind
from bench.serving.contestants import CONTESTANTS, TANDEM
from bench.serving.results import ByRound, Results, Spread
from training.figures.canvas import BLUE, FADED, INK, blank, styled

_ROW_INCHES: Final = 0.32
_PICTURE_KINDS: Final[dict[Kind, str]] = {"picture": "body", "form": "form file"}
_TENSOR_KINDS: Final[dict[Kind, str]] = {"tensor": "V2 JSON"}

Figures = Callable[["_Row"], ByRound]


@dataclass(frozen=True)
class _Row:
    label: str
    contestant: str
    kind: Kind


@styled
def draw(results: Results) -> Figure:
    """Draw one row a server and kind of request, the fastest above."""

    def per_second(row: _Row) -> ByRound:
        return results.per_second(row.contestant, row.kind, 16)

    def p50(row: _Row) -> ByRound:
        return results.p50(row.contestant, row.kind, 1)

    rows = sorted(_rows(results), key=lambda row: _median(per_second(row)))
    figure = blank(1.4 + _ROW_INCHES * max(len(rows), 1), "One core, one worker, the same model")
    left, right = figure.subplots(1, 2, sharey=True)
    _draw_bars(left, rows, per_second, "{:,.0f}")
    left.set_title("requests a second, 16 clients")
    left.set_xlabel("answers/s, log scale; line: lowest to highest round")
    _draw_bars(right, rows, p50, "{:.2f}")
    right.set_title("median time to an answer, 1 client")
    right.set_xlabel("ms, log scale")
    left.set_yticks(range(len(rows)), [row.label for row in rows])
    return figure


def _rows(results: Results) -> list[_Row]:
    kinds = _PICTURE_KINDS | _TENSOR_KINDS
    return [
        _Row(f"{one.title} · {kinds[route.kind]}", one.name, route.kind)
        for one in CONTESTANTS
        for route in one.routes
        if route.kind in kinds and results.per_second(one.name, route.kind, 16)
    ]


def _draw_bars(axes: Axes, rows: Sequence[_Row], figures: Figures, form: str) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.tick_params(axis="y", length=0)
    for place, row in enumerate(rows):
        spread = Spread.of(figures(row))
        if spread is None:
            continue
        axes.barh(place, spread.median, 0.7, color=_colour(row))
        axes.plot([spread.low, spread.high], [place, place], color=INK, linewidth=1)
        axes.text(spread.high, place, f"  {form.format(spread.median)}", va="center")
    axes.margins(x=0.2)


def _colour(row: _Row) -> str:
    return BLUE if row.contestant == TANDEM else FADED


def _median(values: ByRound) -> float:
    spread = Spread.of(values)
    return spread.median if spread else 0.0

"""Two trees of Tandem, measured in turn: what a change cost or gave."""

from collections.abc import Callable
from functools import partial
from statistics import median

from bench.serving.bodies import Kind
from bench.serving.contestants import BEFORE, TANDEM, choose
from bench.serving.results import ByRound, Results, ratio


def changes(results: Results) -> str:
    """Say for each load how this tree does against the one before.

    Returns:
        A table in Markdown: requests answered a second, milliseconds of a core for one request,
        each before, after, and the median of the rounds' ratios after / before.
    """
    head = ("load", "clients", "per second", "ratio", "core ms", "ratio")
    rows = [
        (
            route.kind,
            str(clients),
            *_change(results.per_second, route.kind, clients, digits=0),
            *_change(partial(_core_ms, results), route.kind, clients, digits=4),
        )
        for route in choose([TANDEM])[0].routes
        for clients in route.clients
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _core_ms(results: Results, name: str, kind: Kind, clients: int) -> ByRound:
    return {at: load.core_ms for at, load in results.of(name, kind, clients).items()}


def _change(
    figure: Callable[[str, Kind, int], ByRound], kind: Kind, clients: int, digits: int
) -> tuple[str, str]:
    before, after = (figure(name, kind, clients) for name in (BEFORE, TANDEM))
    if not before or not after:
        return "failed", "-"
    shown = " -> ".join(f"{median(values.values()):,.{digits}f}" for values in (before, after))
    return shown, f"{median(ratio(after, before).values()):.3f}"

"""The results as a page, a figure and the file that both are made of."""

from collections.abc import Collection, Iterator
from pathlib import Path
from statistics import median
from typing import Final

from bench.serving.behaviour import TIMES, WORKERS
from bench.serving.bodies import BATCH, Kind
from bench.serving.contestants import CLIENTS, CONTESTANTS, LOOP, TANDEM, Contestant, Route, title
from bench.serving.figure import draw
from bench.serving.goals import GOALS
from bench.serving.results import ByRound, Results, Spread, Start, ratio
from research import documents
from research.output import markdown
from training.figures.canvas import png

JSON: Final = "serving.json"
PAGE: Final = "SERVING.md"
FIGURE: Final = "serving.png"

KINDS: Final[dict[Kind, str]] = {
    "picture": "PNG as body",
    "drawing": "PNG as body, ink to be found",
    "form": "PNG as form file",
    "tensor": "V2 JSON tensor",
    "batch": f"V2 binary, {BATCH} pictures",
}
_NONE: Final = "-"


def read(path: Path) -> Results:
    """Read stored results."""
    return Results.model_validate_json(path.read_bytes())


def write(results: Results, folder: Path) -> list[Path]:
    """Write all three files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in (JSON, PAGE, FIGURE)]
    contents = (
        results.model_dump_json(indent=1).encode() + b"\n",
        render(results).encode(),
        png(draw(results)),
    )
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def render(results: Results) -> str:
    """Write the page."""
    two_workers = Spread.of(ratio(results.scaling(WORKERS[1]), results.scaling(WORKERS[0])))
    return documents.render(
        __package__,
        "serving.md.j2",
        results=results,
        figure=FIGURE,
        goals=[*_goals(results)],
        like=_like(results),
        loads=_loads(results),
        starts=_starts(results),
        two_workers=_write(two_workers, "{:.2f}x"),
        workers=_workers(results),
        times=TIMES,
        kinds=KINDS,
        title=title,
        time=_write_time,
        table=lambda *table: "\n".join(markdown(*table)),
    )


def _goals(results: Results) -> Iterator[tuple[str, ...]]:
    for goal in GOALS:
        got = goal.got(results)
        verdict = _NONE if got is None else "yes" if goal.met(got) else "**no**"
        yield goal.what, goal.target, _write(got, goal.form), verdict


def _like(results: Results) -> Iterator[tuple[str, ...]]:
    """Every peer's routes, each beside Tandem's own for that kind of body."""
    for contestant, route in _routes():
        if contestant.answers and contestant.name != TANDEM:
            times = (_times(results, contestant.name, route.kind, clients) for clients in CLIENTS)
            cells = (_write(Spread.of(found), "{:.1f}x") for found in times)
            yield contestant.title, KINDS[route.kind], *cells


def _times(results: Results, peer: str, kind: Kind, clients: int) -> ByRound:
    theirs = results.per_second(peer, kind, clients)
    return ratio(results.per_second(TANDEM, kind, clients), theirs)


def _loads(results: Results) -> Iterator[tuple[str, ...]]:
    for contestant, route in _routes():
        yield contestant.title, KINDS[route.kind], *_cells(results, contestant, route)
    loop = _write_median(results.loop(), "{:,.0f}")
    yield title(LOOP), f"batches of {BATCH}", loop, *[_NONE] * 4


def _cells(results: Results, contestant: Contestant, route: Route) -> Iterator[str]:
    of = contestant.name, route.kind
    columns = (
        (results.per_second, "{:,.0f}"),
        (results.p50, "{:.2f}"),
        (results.p99, "{:.2f}"),
        (results.core_ms, "{:.3f}"),
    )
    for figure, form in columns:
        yield " / ".join(_write_median(figure(*of, clients), form) for clients in CLIENTS)
    readings = [load.reading for clients in CLIENTS for load in results.of(*of, clients).values()]
    yield f"{sum(reading.errors for reading in readings):,}"


def _starts(results: Results) -> Iterator[tuple[str, ...]]:
    for contestant in CONTESTANTS:
        if starts := results.starts_of(contestant.name):
            yield contestant.title, *_start_cells(starts.values())


def _start_cells(starts: Collection[Start]) -> Iterator[str]:
    yield f"{median(start.seconds for start in starts):.2f}"
    yield f"{median(start.ready_rss_mb for start in starts):.0f}"
    yield f"{median(start.rss_mb for start in starts):.0f}"
    yield f"{median(start.pss_mb for start in starts):.0f}"
    yield str(max(start.processes for start in starts))


def _workers(results: Results) -> Iterator[tuple[str, ...]]:
    for one in WORKERS:
        per_second = _write_median(results.scaling(one), "{:,.0f}")
        yield str(one), per_second, _write_median(results.scaling_core_ms(one), "{:.3f}")


def _routes() -> Iterator[tuple[Contestant, Route]]:
    for contestant in CONTESTANTS:
        for route in contestant.routes:
            yield contestant, route


def _write(spread: Spread | None, form: str) -> str:
    if spread is None:
        return _NONE
    middle, low, high = (form.format(end) for end in (spread.median, spread.low, spread.high))
    return f"{middle} ({low} to {high})" if low != high else middle


def _write_median(values: ByRound, form: str) -> str:
    spread = Spread.of(values)
    return _NONE if spread is None else form.format(spread.median)


def _write_time(milliseconds: float | None) -> str:
    return _NONE if milliseconds is None else f"{milliseconds:.1f}"

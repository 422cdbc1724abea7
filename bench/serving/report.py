"""The results as a page, a figure and the file that both are made of."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

from bench.serving.behaviour import TIMES, WORKERS
from bench.serving.bodies import BATCH, Kind
from bench.serving.contestants import CLIENTS, CONTESTANTS, LOOP, TANDEM, Contestant, Route, title
from bench.serving.figure import draw
from bench.serving.goals import GOALS
from bench.serving.results import ByRound, Overload, Results, Spread, Start, ratio
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

_METHOD: Final = """\
- One machine. The server and all its processes have one core (`taskset`), the load generator (wrk,
  one thread) another. One worker each, one thread for ONNX Runtime, access logs off.
- The same ONNX file and the same ten pictures for everyone, posted in turn: scikit-learn's digits,
  enlarged, as 28 x 28 PNG files of MNIST's size, place and brightness. "Ink to be found" are the
  same digits dark on light paper and off the middle, which only Tandem answers.
- The peers do the least that gives right answers on such pictures: Pillow decodes, and the picture
  is resized. Tandem does its full preprocessing, which passes on what has MNIST's geometry already
  and else finds the ink, and answers every class's probability. Each peer is written as its own
  documentation recommends, and where that leaves a choice, in the way that was fastest here
  (`bench/peers`).
- Before a load, every picture is posted once and the answer held against what the picture shows.
- wrk's clients each wait for their answer before they ask again: a slow answer also delays the next
  question, and times under load are those of such clients. Only successes count as answers.
- Every server is started anew in each round, and a round measures all of them in turn. Ratios are
  taken within a round, and given as the median over the rounds with the lowest and the highest.
- LitServe, BentoML and Ray Serve take form files, as they document; the goals that name them hold
  them against Tandem's fastest way for the same picture, the body itself. Where a peer batches, its
  better figure counts. "Like for like" holds equal requests against one another."""


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
    return "\n".join(
        [
            "# Tandem beside other model servers",
            "",
            "Written by `make bench-serving` from `serving.json`; do not edit by hand.",
            "",
            f"![Requests a second and time to an answer, by server]({FIGURE})",
            "",
            f"{results.date}, {results.hardware}; rounds: {results.rounds}, seconds of each load: "
            f"{results.load_seconds}.",
            *_section("Targets and results", _goals(results)),
            *_section("Like for like: Tandem's requests for one of theirs", _like(results)),
            *_section("Every load", _loads(results)),
            *_section("Start and memory", _starts(results)),
            *_section("Two workers", _workers(results)),
            *_section(f"{TIMES} times as many requests as can be answered", _overload(results)),
            *_section("What gave no figure", _failures(results)),
            *_section("How it was measured", [*_METHOD.splitlines(), *_versions(results)]),
        ]
    )


def _section(heading: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {heading}", "")
    yield from lines


def _goals(results: Results) -> Iterator[str]:
    found = [(goal, goal.got(results)) for goal in GOALS]
    met = sum(got is not None and goal.met(got) for goal, got in found)
    yield f"{met} of {len(GOALS)} are met, by the median over the rounds."
    yield ""
    rows = []
    for goal, got in found:
        verdict = _NONE if got is None else "yes" if goal.met(got) else "**no**"
        rows.append((goal.what, goal.target, _write(got, goal.form), verdict))
    yield from markdown("<<><", ("what", "target", "got (lowest to highest round)", "met"), rows)


def _like(results: Results) -> Iterator[str]:
    """Every peer's routes, each beside Tandem's own for that kind of body."""
    rows = []
    for contestant, route in _routes():
        if contestant.answers and contestant.name != TANDEM:
            cells = [
                _write(Spread.of(_times(results, contestant.name, route.kind, clients)), "{:.1f}x")
                for clients in CLIENTS
            ]
            rows.append((contestant.title, KINDS[route.kind], *cells))
    yield from markdown(
        "<<" + ">" * len(CLIENTS), ("against", "request", *map(_clients, CLIENTS)), rows
    )


def _times(results: Results, peer: str, kind: Kind, clients: int) -> ByRound:
    theirs = results.per_second(peer, kind, clients)
    return ratio(results.per_second(TANDEM, kind, clients), theirs)


def _loads(results: Results) -> Iterator[str]:
    yield (
        f"Medians over the rounds, at {', '.join(map(str, CLIENTS))} clients. Core ms: for how "
        "long one request keeps a core busy, in all processes of the server, whatever else runs."
    )
    yield ""
    rows = [
        (contestant.title, KINDS[route.kind], *_cells(results, contestant, route))
        for contestant, route in _routes()
    ]
    loop = _write_median(results.loop(), "{:,.0f}")
    rows.append((title(LOOP), f"batches of {BATCH}", loop, *[_NONE] * 4))
    header = ("server", "request", "pictures/s", "p50 ms", "p99 ms", "core ms", "errors")
    yield from markdown("<<>>>>>", header, rows)


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


def _starts(results: Results) -> Iterator[str]:
    yield (
        "Ready is the first right answer. Memory is of all processes of the server: resident "
        "counts shared pages in each of them, divided shares them out. Loaded is after all loads "
        "of the round, for Tandem also those with 16 binary batches at once. Once ready, Tandem "
        "gives back the libraries' pages that only its start needed: they stay in the system's "
        "page cache, and count for no process until they are used again."
    )
    yield ""
    rows = [
        (contestant.title, *_start_cells(starts.values()))
        for contestant in CONTESTANTS
        if (starts := results.starts_of(contestant.name))
    ]
    memory = ("ready, MB resident", "loaded, MB resident", "loaded, MB divided")
    header = ("server", "ready, s", *memory, "processes")
    yield from markdown("<>>>>>", header, rows)


def _start_cells(starts: Collection[Start]) -> Iterator[str]:
    yield f"{median(start.seconds for start in starts):.2f}"
    yield f"{median(start.ready_rss_mb for start in starts):.0f}"
    yield f"{median(start.rss_mb for start in starts):.0f}"
    yield f"{median(start.pss_mb for start in starts):.0f}"
    yield str(max(start.processes for start in starts))


def _workers(results: Results) -> Iterator[str]:
    found = ratio(results.scaling(WORKERS[1]), results.scaling(WORKERS[0]))
    yield (
        f"Two workers, with a core each, answer {_write(Spread.of(found), '{:.2f}x')} as many "
        "requests as one with one core, where the ink has to be found, 64 clients. On a machine of "
        "two cores the load generator, and whatever else runs, takes its time from two workers and "
        "not from one; what a request costs, in core time, leaves that out."
    )
    yield ""
    rows = [
        (
            str(one),
            _write_median(results.scaling(one), "{:,.0f}"),
            _write_median(results.scaling_core_ms(one), "{:.3f}"),
        )
        for one in WORKERS
    ]
    yield from markdown("<>>", ("workers", "requests/s", "core ms a request"), rows)


def _overload(results: Results) -> Iterator[str]:
    found = results.overload
    if found is None:
        yield "Not measured."
        return
    yield (
        "A photograph of 1 megapixel (JPEG) a request. 16 clients that wait get "
        f"{found.capacity:,.0f} answers a second; then {found.offered:,.0f} requests a second came "
        f"at an even pace for {found.seconds:.0f} s, whether or not earlier ones were answered. "
        f"A request might wait for {found.calm_p99_ms:.0f} ms, as one of a hundred did before. "
        "Times count from the moment at which a request was due; one of a hundred was sent "
        f"{found.late_p99_ms:.1f} ms after it, or later."
    )
    yield ""
    yield from markdown("<>>>", ("", "requests", "p50 ms", "p99 ms"), _fates(found))
    yield ""
    yield (
        f"{found.with_retry_after:,} of the refused said `Retry-After`. Memory was "
        f"{found.memory_before_mb:.0f} MB before and {found.memory_after_mb:.0f} MB after."
    )


def _fates(found: Overload) -> Iterator[tuple[str, ...]]:
    yield "16 clients that wait", _NONE, _NONE, f"{found.calm_p99_ms:.1f}"
    times = (found.accepted_p50_ms, found.accepted_p99_ms)
    yield "accepted", f"{found.accepted:,}", *map(_write_time, times)
    yield "refused with 503", f"{found.refused:,}", _NONE, _write_time(found.refused_p99_ms)
    yield "answered with another error", f"{found.failed:,}", _NONE, _NONE
    yield "lost", f"{found.lost:,}", _NONE, _NONE


def _failures(results: Results) -> Iterator[str]:
    if not results.failures:
        yield "Nothing."
    for failure in results.failures:
        of = f", {KINDS[failure.kind]}" if failure.kind else ""
        yield f"- {title(failure.contestant)}{of}: {failure.reason}"


def _versions(results: Results) -> Iterator[str]:
    yield ""
    yield from markdown(
        "<<",
        ("server", "versions"),
        (
            (title(name), ", ".join(f"{package} {version}" for package, version in found.items()))
            for name, found in results.versions.items()
        ),
    )
    yield ""


def _routes() -> Iterator[tuple[Contestant, Route]]:
    for contestant in CONTESTANTS:
        for route in contestant.routes:
            yield contestant, route


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"


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

"""Results as a run would store them, with figures that are easy to divide."""

from collections.abc import Iterable

from bench.serving.bodies import Kind
from bench.serving.results import Failure, Load, Loop, Overload, Results, Scaling, Start
from bench.serving.running.wrk import Reading


def reading(per_second: int, *, p50_ms: float = 1, p99_ms: float = 2, refused: int = 0) -> Reading:
    """One second of load; those that were refused come on top."""
    return Reading(
        requests=per_second + refused,
        seconds=1,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        refused=refused,
        broken=0,
    )


def loads(contestant: str, kind: Kind, clients: int, rates: Iterable[int]) -> list[Load]:
    """One load a round, with those requests a second."""
    return [
        Load(
            round=number,
            contestant=contestant,
            kind=kind,
            clients=clients,
            reading=reading(rate),
            core_ms=0.1,
            rss_mb=110,
        )
        for number, rate in enumerate(rates, 1)
    ]


def results() -> Results:
    """Two rounds of Tandem and two peers; MLServer could not be installed."""
    return Results(
        date="2026-01-01 00:00 UTC",
        hardware="a processor, 2 cores",
        load_seconds=1,
        versions={"tandem": {"python": "3.11.7"}, "fastapi": {"fastapi": "0.165.0"}},
        loads=(
            *loads("tandem", "picture", 16, (8000, 9000)),
            *loads("tandem", "form", 16, (4000, 6000)),
            *loads("tandem", "batch", 16, (90, 80)),
            *loads("fastapi", "form", 16, (4000, 3000)),
            *loads("ray", "form", 16, (100, 100)),
        ),
        starts=(_start(1, "tandem", 0.5), _start(2, "tandem", 1.5), _start(1, "ray", 20)),
        loops=(
            Loop(round=1, pictures_per_second=25_600),
            Loop(round=2, pictures_per_second=25_600),
        ),
        scalings=(
            Scaling(round=1, workers=1, reading=reading(1000), core_ms=0.95),
            Scaling(round=1, workers=2, reading=reading(1900), core_ms=1.0),
        ),
        overload=Overload(
            capacity=100,
            offered=500,
            seconds=2,
            sent=1000,
            accepted=210,
            refused=789,
            with_retry_after=788,
            failed=0,
            lost=1,
            late_p99_ms=0.4,
            calm_p99_ms=25,
            accepted_p50_ms=10,
            accepted_p99_ms=30,
            refused_p99_ms=1.5,
            memory_before_mb=90,
            memory_after_mb=91,
        ),
        failures=(Failure(contestant="mlserver", kind=None, reason="cannot be installed here"),),
    )


def _start(number: int, contestant: str, seconds: float) -> Start:
    return Start(
        round=number,
        contestant=contestant,
        seconds=seconds,
        ready_rss_mb=80,
        pss_mb=90,
        rss_mb=100,
        processes=1,
    )

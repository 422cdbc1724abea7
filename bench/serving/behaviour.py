"""How Tandem alone behaves: with more workers, and with more requests than it can answer."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from bench.preprocess import encode, photo
from bench.serving.bodies import Body, Kind
from bench.serving.contestants import Contestant, ContestantFailed
from bench.serving.results import Overload, Scaling
from bench.serving.running.arrivals import Arrivals, TimedAnswer
from bench.serving.running.launch import Launcher, Posted, Serving
from bench.serving.running.wrk import Reading

WORKERS: Final = (1, 2)
TIMES: Final = 5  # as many requests as can be answered
_CLIENTS: Final = 16
_WARM_UP_SECONDS: Final = 1
_SETTLING: Final = 1.0  # seconds after the last answer until memory is read
_PATIENCE: Final = 30.0
_PAUSE: Final = 0.05
# A hundred times the work that it takes the load generator, which has no core of its own when two
# workers have both. Many clients, because the kernel spreads connections by chance.
_BUSY: Final[Kind] = "drawing"
_MANY_CLIENTS: Final = 64
_PATH: Final = "/predict"
_OK, _UNAVAILABLE = 200, 503


def scale(
    launcher: Launcher, tandem: Contestant, cores: Sequence[int], number: int, seconds: int
) -> list[Scaling]:
    """Measure one round of one worker and of two, each with a core of its own."""
    scalings = []
    for workers in WORKERS:
        variables = {"TANDEM_WORKERS": str(workers), "TANDEM_WORKER_THREADS": "1"}
        with launcher.serve(tandem, cores[:workers], **variables) as serving:
            _wait_for_all(serving, workers)
            press = partial(
                serving.press,
                _PATH,
                launcher.bodies[_BUSY],
                _MANY_CLIENTS,
                cores=cores[workers:] or cores,
            )
            press(seconds=_WARM_UP_SECONDS)
            before = serving.server.core_seconds()
            reading = press(seconds=seconds)
            core_ms = 1000 * (serving.server.core_seconds() - before) / reading.requests
        scalings.append(Scaling(round=number, workers=workers, reading=reading, core_ms=core_ms))
    return scalings


def _wait_for_all(serving: Serving, workers: int) -> None:
    """Wait for the other workers: the first one to serve answers alone for a while."""
    end = time.monotonic() + _PATIENCE
    while workers > 1 and not serving.server.has_said(f"{workers} workers running"):
        if time.monotonic() > end:
            raise ContestantFailed(f"did not start {workers} workers in time")
        time.sleep(_PAUSE)


def overload(launcher: Launcher, tandem: Contestant, seconds: int) -> Overload:
    """Offer several times what can be answered, of large photographs, at an even pace."""
    photograph = encode(photo(1155, 866), "JPEG")
    body = Body({"Content-Type": "image/jpeg"}, (photograph,), (("2",),))
    posted, load = Posted(body, body.write(launcher.scratch / "photograph")), [launcher.cores.load]
    with launcher.serve(tandem) as serving:
        serving.press(_PATH, posted, _CLIENTS, _WARM_UP_SECONDS, load)
        calm = serving.press(_PATH, posted, _CLIENTS, seconds, load)
    with launcher.serve(tandem, TANDEM_QUEUE_SECONDS=f"{calm.p99_ms / 1000:.3f}") as serving:
        serving.press(_PATH, posted, _CLIENTS, _WARM_UP_SECONDS, load)
        return _overload(serving, posted, calm, seconds)


def _overload(serving: Serving, posted: Posted, calm: Reading, seconds: int) -> Overload:
    before = serving.server.memory().pss
    arrivals = Arrivals(serving.port, _PATH, posted.body.headers, posted.body.contents[0])
    offered = TIMES * calm.per_second
    answers = asyncio.run(arrivals.offer(offered, seconds))
    time.sleep(_SETTLING)
    accepted = [answer for answer in answers if answer.status == _OK]
    refused = [answer for answer in answers if answer.status == _UNAVAILABLE]
    lost = sum(answer.status is None for answer in answers)
    return Overload(
        capacity=calm.per_second,
        offered=offered,
        seconds=seconds,
        sent=len(answers),
        accepted=len(accepted),
        refused=len(refused),
        with_retry_after=sum(answer.retry_after for answer in refused),
        failed=len(answers) - len(accepted) - len(refused) - lost,
        lost=lost,
        late_p99_ms=1000 * float(np.percentile([answer.late for answer in answers], 99)),
        calm_p99_ms=calm.p99_ms,
        accepted_p50_ms=_percentile(accepted, 50),
        accepted_p99_ms=_percentile(accepted, 99),
        refused_p99_ms=_percentile(refused, 99),
        memory_before_mb=before,
        memory_after_mb=serving.server.memory().pss,
    )


def _percentile(answers: Sequence[TimedAnswer], percent: int) -> float | None:
    """Milliseconds that all but so many percent of the answers needed at most."""
    if not answers:
        return None
    return 1000 * float(np.percentile([answer.seconds for answer in answers], percent))

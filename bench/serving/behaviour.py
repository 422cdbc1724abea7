"""How Tandem alone behaves: with more workers, and with more requests than it can answer."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

import numpy as np

from bench.preprocess import encode, photo
from bench.serving.arrivals import Answer, Arrivals
from bench.serving.bodies import Body
from bench.serving.contestants import Contestant, Route
from bench.serving.launch import Launcher, Posted, Serving
from bench.serving.results import Overload, Scaling
from bench.serving.wrk import press

WORKERS: Final = (1, 2)
TIMES: Final = 5  # as many requests as can be answered
_CLIENTS: Final = 16
_QUEUE_SECONDS: Final = "0.2"  # about what 16 clients wait for one another
_SETTLING: Final = 1.0  # seconds after the last answer until memory is read
# What keeps a worker's event loop busy, and nothing else: a worker's threads could use the other
# core too.
_BUSY: Final = Route("picture", "/predict", (_CLIENTS,))
_OK, _UNAVAILABLE = 200, 503


def scale(
    launcher: Launcher, tandem: Contestant, cores: Sequence[int], number: int, seconds: int
) -> list[Scaling]:
    """Measure one round of one and of two workers, with two cores for either."""
    scalings = []
    for workers in WORKERS:
        with launcher.serve(
            tandem, cores[:2], TANDEM_WORKERS=str(workers), TANDEM_WORKER_THREADS="1"
        ) as serving:
            launcher.press(serving, _BUSY, _CLIENTS, 1)
            reading = press(
                serving.url + _BUSY.path,
                launcher.bodies[_BUSY.kind].body.headers,
                launcher.bodies[_BUSY.kind].files,
                clients=_CLIENTS,
                seconds=seconds,
                cores=cores[2:] or cores[:2],
            )
        scalings.append(Scaling(round=number, workers=workers, reading=reading))
    return scalings


def overload(launcher: Launcher, tandem: Contestant, seconds: int) -> Overload:
    """Offer several times what can be answered, of large photographs, at an even pace."""
    photograph = encode(photo(1155, 866), "JPEG")
    body = Body({"Content-Type": "image/jpeg"}, (photograph,), (("2",),))
    posted = Posted(body, body.write(launcher.scratch / "photograph"))
    with launcher.serve(tandem, TANDEM_QUEUE_SECONDS=_QUEUE_SECONDS) as serving:
        return _overload(launcher, serving, posted, seconds)


def _overload(launcher: Launcher, serving: Serving, posted: Posted, seconds: int) -> Overload:
    headers = posted.body.headers
    url = serving.url + "/predict"
    cores = [launcher.cores.load]
    calm = press(url, headers, posted.files, clients=_CLIENTS, seconds=seconds, cores=cores)
    before = serving.server.memory().pss
    arrivals = Arrivals(serving.port, "/predict", headers, posted.body.contents[0])
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


def _percentile(answers: Sequence[Answer], percent: int) -> float | None:
    """Milliseconds that all but so many percent of the answers needed at most."""
    if not answers:
        return None
    return 1000 * float(np.percentile([answer.seconds for answer in answers], percent))

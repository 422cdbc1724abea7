import asyncio
from itertools import cycle

from bench.serving.running.arrivals import Arrivals, TimedAnswer
from tests.bench.answering import CUT_OFF, LAST, OK, REFUSED, Answering


def offer(answering: Answering, per_second: float, seconds: float) -> list[TimedAnswer]:
    async def run() -> list[TimedAnswer]:
        async with answering.listening() as port:
            arrivals = Arrivals(port, "/predict", {"Content-Type": "image/png"}, b"picture")
            return await arrivals.offer(per_second, seconds)

    return asyncio.run(run())


def test_as_many_requests_are_sent_as_were_asked_for() -> None:
    answering = Answering()
    assert [answer.status for answer in offer(answering, 200, 0.25)] == [200] * 50
    assert {body for _, body in answering.seen} == {b"picture"}


def test_requests_keep_their_pace() -> None:
    async def run() -> float:
        loop = asyncio.get_running_loop()
        async with Answering().listening() as port:
            began = loop.time()
            await Arrivals(port, "/", {}, b"").offer(100, 0.3)
            return loop.time() - began

    assert asyncio.run(run()) >= 0.29


def test_refusals_are_told_from_successes() -> None:
    answers = offer(Answering(cycle([OK, REFUSED])), 100, 0.2)
    assert sorted((answer.status, answer.retry_after) for answer in answers) == [
        *[(200, False)] * 10,
        *[(503, True)] * 10,
    ]


def test_cut_connections_are_lost_requests() -> None:
    answers = offer(Answering(cycle([OK, CUT_OFF])), 100, 0.2)
    assert [answer.status for answer in answers].count(None) == 10


def test_connection_that_the_server_closes_is_not_used_again() -> None:
    answering = Answering(cycle([LAST]))
    answers = offer(answering, 100, 0.1)
    assert {answer.status for answer in answers} == {200}
    assert answering.connections == len(answers)


def test_nobody_listening_loses_every_request() -> None:
    answers = asyncio.run(Arrivals(1, "/", {}, b"").offer(100, 0.05))
    assert [answer.status for answer in answers] == [None] * 5

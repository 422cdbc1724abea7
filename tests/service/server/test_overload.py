"""Connections whose requests are too many, wait for too long, or whose clients leave."""

import asyncio
from collections.abc import Callable

import pytest
from fastapi import FastAPI

from tests.known_answer import picture
from tests.service.api.test_refusals import as_body
from tests.service.server.test_connection import BODY, HEAD, REQUEST, metrics
from tests.service.slow import LIMIT, Slow, served, until
from tests.service.wire import Client, Listening, as_bytes

Connect = Callable[[Listening], Client]
LARGE = as_bytes("/predict", as_body(picture("top-left", side=400)))
both_ways = pytest.mark.parametrize(
    "connect", [Listening.connect, Listening.connect_plainly], ids=["fast-path", "routes"]
)


@served()
async def test_request_beyond_the_limit_is_refused_by_the_application(
    app: FastAPI, slow: Slow
) -> None:
    listening = Listening(app)
    clients = [listening.connect() for _ in range(LIMIT + 2)]
    for client in clients:
        client.send(REQUEST)
    for refused in clients[LIMIT:]:
        answer = await refused.answer()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert f"tandem_http_requests_in_flight {LIMIT}.0" in metrics(app)
    slow.go.set()
    for client in clients[:LIMIT]:
        assert (await client.answer()).status_code == 200
    again = listening.connect()
    again.send(REQUEST)
    assert (await again.answer()).status_code == 200, "there is room again"


@both_ways
@served(queue_seconds=0.1)
async def test_request_that_waits_for_too_long_is_refused(
    app: FastAPI, slow: Slow, connect: Connect
) -> None:
    listening = Listening(app)
    first, second = connect(listening), connect(listening)
    first.send(REQUEST)
    await until(lambda: slow.batches)
    second.send(REQUEST)
    answer = await second.answer()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "busy for 0.1 s" in answer.json()["detail"]
    slow.go.set()
    assert (await first.answer()).status_code == 200
    assert slow.batches == [1], "what was refused never runs"


@pytest.mark.parametrize("request_", [REQUEST, LARGE], ids=["small-picture", "large-picture"])
@both_ways
@served()
async def test_client_that_leaves_cancels_its_work_and_is_counted(
    app: FastAPI, slow: Slow, connect: Connect, request_: bytes
) -> None:
    listening = Listening(app)
    first, left, at_once, arriving = (connect(listening) for _ in range(4))
    first.send(REQUEST)
    await until(lambda: slow.batches)
    left.send(request_)
    await asyncio.sleep(0.1)  # by now it is watched
    left.leave()
    at_once.send(request_)
    at_once.leave()
    arriving.send(HEAD, BODY[:20])
    arriving.leave()
    await until(lambda: 'tandem_errors_total{kind="client-left"} 3.0' in metrics(app))
    slow.go.set()
    assert (await first.answer()).status_code == 200
    assert not any(client.wire.writes for client in (left, at_once, arriving))
    await until(lambda: "tandem_http_requests_in_flight 0.0" in metrics(app))
    assert slow.batches == [1], "the work of who left never runs"


@served()
async def test_client_that_leaves_before_its_work_begins_makes_room_for_others(
    app: FastAPI, slow: Slow
) -> None:
    listening = Listening(app)
    first, left = listening.connect(), listening.connect()
    first.send(REQUEST)
    await until(lambda: slow.batches)
    left.send(REQUEST)
    # In the very turn of the loop in which the request's task is made.
    asyncio.get_running_loop().call_soon(left.leave)
    await until(lambda: 'tandem_errors_total{kind="client-left"} 1.0' in metrics(app))
    slow.go.set()
    assert (await first.answer()).status_code == 200
    await until(lambda: "tandem_http_requests_in_flight 0.0" in metrics(app))


@served()
async def test_client_that_stays_has_its_answer_though_others_of_its_turn_leave(
    app: FastAPI, slow: Slow
) -> None:
    listening = Listening(app)
    leaving, staying = listening.connect(), listening.connect()
    leaving.send(REQUEST)
    staying.send(REQUEST)
    await until(lambda: slow.batches)
    leaving.leave()
    slow.go.set()
    assert (await staying.answer()).json()["label"] == "top-left"
    assert 'route="/predict",status="499"} 1.0' in metrics(app)

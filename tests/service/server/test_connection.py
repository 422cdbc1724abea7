"""What our connections answer themselves is what uvicorn's and the application would have."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.service.api.test_refusals import as_body
from tests.service.bodies import ANSWERED, EVERY, GOOD, REFUSED
from tests.service.slow import Slow, slow_service, until
from tests.service.wire import Client, Listening, as_bytes

LIMIT = 6
REQUEST = as_bytes("/predict", as_body(GOOD))
HEAD, _, BODY = REQUEST.partition(b"\r\n\r\n")
HEAD += b"\r\n\r\n"

Work = Callable[[FastAPI, Slow], Awaitable[None]]
Seen = tuple[int, list[tuple[str, str]], bytes]


def with_header(line: bytes, request: bytes = REQUEST) -> bytes:
    return request.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)


def run(settings: Settings, work: Work, seconds: float = 0, **changes: Any) -> None:
    async def go() -> None:
        async with slow_service(settings, seconds, **{"max_in_flight": LIMIT, **changes}) as parts:
            await work(*parts)

    asyncio.run(asyncio.wait_for(go(), 60))


def seen(answer: httpx.Response) -> Seen:
    headers = [item for item in answer.headers.multi_items() if item[0] != "x-request-id"]
    return answer.status_code, headers, answer.content


def metrics(app: FastAPI) -> str:
    text: bytes = app.state.service.telemetry.render()
    return text.decode()


@pytest.fixture(scope="module")
def answered(settings: Settings) -> dict[str, tuple[Seen, Seen, int]]:
    """Of every request: our connection's answer, uvicorn's, and the status of ours without app."""

    async def ask(client: Client, name: str) -> Seen:
        client.send(as_bytes(*EVERY[name]))
        return seen(await client.answer())

    async def go() -> dict[str, tuple[Seen, Seen, int]]:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            both, alone = Listening(app), Listening(app, alone=True)
            return {
                name: (
                    await ask(both.connect(), name),
                    await ask(both.connect_plainly(), name),
                    (await ask(alone.connect(), name))[0],
                )
                for name in EVERY
            }

    return asyncio.run(go())


@pytest.mark.parametrize("name", EVERY)
def test_answer_is_uvicorns_and_the_applications(
    answered: dict[str, tuple[Seen, Seen, int]], name: str
) -> None:
    ours, theirs, _ = answered[name]
    assert ours == theirs


@pytest.mark.parametrize("name", ANSWERED)
def test_request_that_is_answered_reaches_no_application(
    answered: dict[str, tuple[Seen, Seen, int]], name: str
) -> None:
    assert answered[name][2] == 200


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_is_left_to_the_application(
    answered: dict[str, tuple[Seen, Seen, int]], name: str
) -> None:
    assert answered[name][2] == 418


def test_requests_of_one_turn_run_as_one_batch_and_each_gets_its_own(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.pipeline.turns.TURN_SECONDS", 60)  # on a busy machine, too
    labels = ["top-left", "top-right", "bottom-left", "bottom-right"]

    async def work(app: FastAPI, slow: Slow) -> None:
        slow.go.set()
        listening = Listening(app)
        clients = [listening.connect() for _ in labels]
        for client, label in zip(clients, labels, strict=True):
            client.send(as_bytes("/predict", as_body(picture(label))))
        named = [(await client.answer()).json()["label"] for client in clients]
        assert named == labels
        assert slow.batches == [4]
        assert all(len(client.wire.writes) == 1 for client in clients), "one packet each"

    run(settings, work)


def test_requests_to_several_networks_share_a_turn(settings: Settings) -> None:
    async def go() -> None:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            listening = Listening(app, alone=True)
            asked = {name: listening.connect() for name in ("known", "contrary", "none")}
            for name, client in asked.items():
                client.send(as_bytes(f"/predict?model={name}", as_body(GOOD)))
            answers = {name: await client.answer() for name, client in asked.items()}
            assert answers.pop("none").status_code == 418
            assert {name: answer.json()["model"] for name, answer in answers.items()} == {
                "known": "known",
                "contrary": "contrary",
            }

    asyncio.run(go())


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([HEAD, BODY], id="head-and-body"),
        pytest.param([REQUEST[:9], REQUEST[9:200], REQUEST[200:]], id="anywhere"),
        pytest.param([bytes([each]) for each in REQUEST], id="byte-by-byte"),
    ],
)
def test_request_in_pieces_is_answered(settings: Settings, pieces: list[bytes]) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        slow.go.set()
        client = Listening(app, alone=True).connect()
        client.send(*pieces)
        assert (await client.answer()).json()["label"] == "top-left"

    run(settings, work)


def test_body_that_takes_its_time_is_the_applications(settings: Settings) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        slow.go.set()
        client = Listening(app).connect()
        client.send(HEAD, BODY[:20])
        late = await client.answer()
        assert late.status_code == 408
        assert "0.2 s" in late.json()["detail"]
        patient = Listening(app).connect()
        patient.send(HEAD, BODY[:20])
        await asyncio.sleep(0.1)
        patient.send(BODY[20:])
        assert (await patient.answer()).json()["label"] == "top-left"

    run(settings, work, body_seconds=0.2)


@pytest.mark.parametrize(
    ("request_", "closed"),
    [
        pytest.param(with_header(b"Connection: close"), True, id="close"),
        pytest.param(REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"), True, id="old"),
        pytest.param(REQUEST, False, id="kept"),
    ],
)
def test_connection_is_kept_as_asked(settings: Settings, request_: bytes, closed: bool) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        slow.go.set()
        client = Listening(app).connect()
        client.send(request_)
        answer = await client.answer()
        assert answer.status_code == 200
        assert (answer.headers.get("connection") == "close", client.wire.closed) == (closed, closed)

    run(settings, work)


def test_client_that_expects_to_be_asked_for_the_body_is(settings: Settings) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        slow.go.set()
        client = Listening(app).connect()
        client.send(with_header(b"Expect: 100-continue", HEAD))
        await until(lambda: client.wire.writes)
        assert client.wire.writes.pop(0) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(BODY)
        assert (await client.answer()).status_code == 200

    run(settings, work)


@pytest.mark.parametrize("sent", ["mine-1", "<b>"])
def test_well_formed_id_comes_back(settings: Settings, sent: str) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        slow.go.set()
        client = Listening(app, alone=True).connect()
        client.send(with_header(f"X-Request-ID: {sent}".encode()))
        given = (await client.answer()).headers["x-request-id"]
        assert (given == sent) == (sent != "<b>")
        assert len(given) > 4

    run(settings, work)


def test_requests_sent_without_waiting_are_answered_in_order(settings: Settings) -> None:
    labels = ["top-left", "top-right", "bottom-left"]

    async def work(app: FastAPI, slow: Slow) -> None:
        client = Listening(app).connect()
        first, *others = (as_bytes("/predict", as_body(picture(label))) for label in labels)
        client.send(first + others[0])
        await until(lambda: slow.batches)
        client.send(others[1])
        slow.go.set()
        await until(lambda: len(client.answers()) == 3)
        assert [answer.json()["label"] for answer in client.answers()] == labels

    run(settings, work)


def test_request_beyond_the_limit_is_refused_by_the_application(settings: Settings) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
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

    run(settings, work)


def test_request_that_waits_for_too_long_is_refused(settings: Settings) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        listening = Listening(app)
        first, second = listening.connect(), listening.connect()
        first.send(REQUEST)
        await until(lambda: slow.batches)
        second.send(REQUEST)
        answer = await second.answer()
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "busy for 0.1 s" in answer.json()["detail"]
        slow.go.set()
        assert (await first.answer()).status_code == 200
        assert slow.batches == [1], "what was refused never runs"

    run(settings, work, queue_seconds=0.1)


def test_client_that_leaves_cancels_its_work_and_is_counted(settings: Settings) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        listening = Listening(app)
        first, left, at_once, arriving = (listening.connect() for _ in range(4))
        first.send(REQUEST)
        await until(lambda: slow.batches)
        left.send(REQUEST)
        await asyncio.sleep(0.01)
        left.leave()
        at_once.send(REQUEST)
        at_once.leave()
        arriving.send(HEAD, BODY[:20])
        arriving.leave()
        await until(lambda: 'tandem_errors_total{kind="client-left"} 3.0' in metrics(app))
        slow.go.set()
        assert (await first.answer()).status_code == 200
        assert not any(client.wire.writes for client in (left, at_once, arriving))
        await until(lambda: "tandem_http_requests_in_flight 0.0" in metrics(app))
        assert slow.batches == [1], "the work of who left never runs"

    run(settings, work)


def test_client_that_leaves_before_its_work_begins_makes_room_for_others(
    settings: Settings,
) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
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

    run(settings, work)


def test_client_that_stays_has_its_answer_though_others_of_its_turn_leave(
    settings: Settings,
) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        listening = Listening(app)
        leaving, staying = listening.connect(), listening.connect()
        leaving.send(REQUEST)
        staying.send(REQUEST)
        await until(lambda: slow.batches)
        leaving.leave()
        slow.go.set()
        assert (await staying.answer()).json()["label"] == "top-left"
        assert 'route="/predict",status="499"} 1.0' in metrics(app)

    run(settings, work)


def test_failing_network_is_told_by_the_application(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Slow, _batch: object) -> None:
        raise ValueError("broken")

    async def work(app: FastAPI, _slow: Slow) -> None:
        client = Listening(app).connect()
        client.send(REQUEST)
        answer = await client.answer()
        assert answer.status_code == 500
        assert "its log says why" in json.loads(answer.content)["detail"]

    monkeypatch.setattr(Slow, "run", fail)
    run(settings, work)


def test_shutdown_finishes_what_is_open_and_ends_the_connection(settings: Settings) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        client = Listening(app).connect()
        client.send(REQUEST)
        await until(lambda: slow.batches)
        client.protocol.shutdown()
        assert not client.wire.closed
        slow.go.set()
        answer = await client.answer()
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert client.wire.closed

    run(settings, work)


def test_answer_is_counted_and_timed_like_the_applications(settings: Settings) -> None:
    async def work(app: FastAPI, slow: Slow) -> None:
        slow.go.set()
        listening = Listening(app)
        for connect in (listening.connect, listening.connect_plainly):
            client = connect()
            client.send(REQUEST)
            await client.answer()
        written = metrics(app)
        for line in (
            'tandem_http_requests_total{method="POST",route="/predict",status="200"} 2.0',
            'tandem_http_request_seconds_count{route="/predict"} 2.0',
            'tandem_picture_seconds_count{stage="decode"} 2.0',
            'tandem_picture_seconds_count{stage="preprocess"} 2.0',
            'tandem_queue_seconds_count{model="known",runtime="onnx",version="2"} 2.0',
            'tandem_predictions_total{model="known",runtime="onnx",version="2"} 2.0',
        ):
            assert line in written

    run(settings, work)

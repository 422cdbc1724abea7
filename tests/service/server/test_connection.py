"""What our connections answer themselves is what uvicorn's and the application would have."""

import asyncio
import json

import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.service import bodies
from tests.service.api.test_refusals import as_body
from tests.service.bodies import GOOD
from tests.service.slow import Slow, served, until
from tests.service.v2 import asking
from tests.service.wire import Listening, Seen, answer_each_way, as_bytes

REQUEST = as_bytes("/predict", as_body(GOOD))
HEAD, _, BODY = REQUEST.partition(b"\r\n\r\n")
HEAD += b"\r\n\r\n"
ANSWERED = bodies.ANSWERED | asking.ANSWERED
LEFT = bodies.REFUSED | asking.LEFT
EVERY = ANSWERED | LEFT


def with_header(line: bytes, request: bytes = REQUEST) -> bytes:
    return request.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)


def metrics(app: FastAPI) -> str:
    text: bytes = app.state.service.telemetry.render()
    return text.decode()


@pytest.fixture(scope="module")
def answered(settings: Settings) -> dict[str, tuple[Seen, Seen, int]]:
    return answer_each_way(settings, EVERY)


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


@pytest.mark.parametrize("name", LEFT)
def test_other_request_is_left_to_the_application(
    answered: dict[str, tuple[Seen, Seen, int]], name: str
) -> None:
    assert answered[name][2] == 418


@served()
async def test_requests_of_one_turn_run_as_one_batch_and_each_gets_its_own(
    app: FastAPI, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.pipeline.turns.TURN_SECONDS", 60)  # on a busy machine, too
    labels = ["top-left", "top-right", "bottom-left", "bottom-right"]
    slow.go.set()
    listening = Listening(app)
    clients = [listening.connect() for _ in labels]
    for client, label in zip(clients, labels, strict=True):
        client.send(as_bytes("/predict", as_body(picture(label))))
    named = [(await client.answer()).json()["label"] for client in clients]
    assert named == labels
    assert slow.batches == [4]
    assert all(len(client.wire.writes) == 1 for client in clients), "one packet each"


@pytest.mark.anyio
async def test_requests_to_several_networks_share_a_turn(settings: Settings) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        listening = Listening(app, alone=True)
        asked = {name: listening.connect() for name in ("known", "contrary", "none")}
        for name, client in asked.items():
            client.send(as_bytes(f"/predict?model={name}", as_body(GOOD)))
        answers = {name: await client.answer() for name, client in asked.items()}
    assert answers.pop("none").status_code == 418
    assert [answer.json()["model"] for answer in answers.values()] == ["known", "contrary"]


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([HEAD, BODY], id="head-and-body"),
        pytest.param([REQUEST[:9], REQUEST[9:200], REQUEST[200:]], id="anywhere"),
        pytest.param([bytes([each]) for each in REQUEST], id="byte-by-byte"),
    ],
)
@served()
async def test_request_in_pieces_is_answered(app: FastAPI, slow: Slow, pieces: list[bytes]) -> None:
    slow.go.set()
    client = Listening(app, alone=True).connect()
    client.send(*pieces)
    assert (await client.answer()).json()["label"] == "top-left"


@served(body_seconds=0.2)
async def test_body_that_takes_its_time_is_the_applications(app: FastAPI, slow: Slow) -> None:
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


@pytest.mark.parametrize(
    ("request_", "closed"),
    [
        pytest.param(with_header(b"Connection: close"), True, id="close"),
        pytest.param(REQUEST.replace(b"HTTP/1.1", b"HTTP/1.0"), True, id="old"),
        pytest.param(REQUEST, False, id="kept"),
    ],
)
@served()
async def test_connection_is_kept_as_asked(
    app: FastAPI, slow: Slow, request_: bytes, closed: bool
) -> None:
    slow.go.set()
    client = Listening(app).connect()
    client.send(request_)
    answer = await client.answer()
    assert answer.status_code == 200
    assert (answer.headers.get("connection") == "close", client.wire.closed) == (closed, closed)


@served()
async def test_client_that_expects_to_be_asked_for_the_body_is(app: FastAPI, slow: Slow) -> None:
    slow.go.set()
    client = Listening(app).connect()
    client.send(with_header(b"Expect: 100-continue", HEAD))
    await until(lambda: client.wire.writes)
    assert client.wire.writes.pop(0) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(BODY)
    assert (await client.answer()).status_code == 200


@pytest.mark.parametrize("sent", ["mine-1", "<b>"])
@served()
async def test_well_formed_id_comes_back(app: FastAPI, slow: Slow, sent: str) -> None:
    slow.go.set()
    client = Listening(app, alone=True).connect()
    client.send(with_header(f"X-Request-ID: {sent}".encode()))
    given = (await client.answer()).headers["x-request-id"]
    assert (given == sent) == (sent != "<b>")
    assert len(given) > 4


@served()
async def test_requests_sent_without_waiting_are_answered_in_order(
    app: FastAPI, slow: Slow
) -> None:
    labels = ["top-left", "top-right", "bottom-left"]
    client = Listening(app).connect()
    first, *others = (as_bytes("/predict", as_body(picture(label))) for label in labels)
    client.send(first + others[0])
    await until(lambda: slow.batches)
    client.send(others[1])
    slow.go.set()
    await until(lambda: len(client.answers()) == 3)
    assert [answer.json()["label"] for answer in client.answers()] == labels


@served()
async def test_failing_network_is_told_by_the_application(
    app: FastAPI, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_batch: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(slow, "run", fail)
    client = Listening(app).connect()
    client.send(REQUEST)
    answer = await client.answer()
    assert answer.status_code == 500
    assert "its log says why" in json.loads(answer.content)["detail"]


@served()
async def test_shutdown_finishes_what_is_open_and_ends_the_connection(
    app: FastAPI, slow: Slow
) -> None:
    client = Listening(app).connect()
    client.send(REQUEST)
    await until(lambda: slow.batches)
    client.protocol.shutdown()
    assert not client.wire.closed
    slow.go.set()
    answer = await client.answer()
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert client.wire.closed


@served()
async def test_answer_is_counted_and_timed_like_the_applications(app: FastAPI, slow: Slow) -> None:
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

"""More requests than can be answered: who is let in, who is refused, and that nobody is lost."""

import asyncio
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image

from tests.known_answer import picture
from tests.service.server.heavy_requests import file_form
from tests.service.slow import LIMIT, Sent, Slow, body, post, served, until

GOOD = picture("top-left")


async def fill(app: FastAPI, slow: Slow) -> list[asyncio.Task[None]]:
    """Have as many requests inside as there is room for; one runs and the others wait."""
    tasks = [post(app, body(GOOD))[1] for _ in range(LIMIT)]
    await until(lambda: slow.batches)
    await asyncio.sleep(0)
    return tasks


def detail(sent: Sent) -> str:
    text: str = json.loads(sent.body)["detail"]
    return text


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        pytest.param([(b"content-length", b"500")], True, id="small"),
        pytest.param([(b"content-length", b"200000")], False, id="large"),
        pytest.param([], False, id="of-unknown-length"),
    ],
)
@served()
async def test_request_beyond_the_limit_is_refused_unread(
    app: FastAPI, slow: Slow, headers: list[tuple[bytes, bytes]], kept: bool
) -> None:
    inside = await fill(app, slow)
    sent, task = post(app, body(GOOD), headers=headers)
    await task
    assert (sent.status, sent.received) == (503, 0)
    assert sent.headers["retry-after"] == "1"
    assert (sent.headers.get("connection") != "close") == kept
    assert f"limit of {LIMIT} requests" in detail(sent)
    slow.go.set()
    await asyncio.gather(*inside)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/predict/batch", "detail"),
        ("/compare", "detail"),
        ("/v2/models/known/infer", "error"),
        ("/v2/models/known/versions/2/infer", "error"),
    ],
)
@served()
async def test_every_route_that_predicts_has_the_limit(
    app: FastAPI, slow: Slow, path: str, key: str
) -> None:
    inside = await fill(app, slow)
    sent, task = post(app, body(b"{}"), path)
    await task
    assert sent.status == 503
    assert "limit" in json.loads(sent.body)[key]
    metrics = app.state.service.telemetry.render().decode()
    route = path.replace("known", "{name}").replace("/2/", "/{version}/")
    assert f'{{method="POST",route="{route}",status="503"}} 1.0' in metrics
    assert 'tandem_errors_total{kind="overloaded"} 1.0' in metrics
    slow.go.set()
    await asyncio.gather(*inside)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/models"])
@served()
async def test_other_routes_answer_while_there_is_no_room(
    app: FastAPI, slow: Slow, path: str
) -> None:
    inside = await fill(app, slow)
    sent = Sent([])
    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    await asyncio.wait_for(app(scope, sent.receive, sent.send), 5)
    assert sent.status == 200
    slow.go.set()
    await asyncio.gather(*inside)


@served(seconds=0.01)
async def test_five_times_the_limit_loses_and_hangs_nobody(app: FastAPI, slow: Slow) -> None:
    labels = ["top-left", "top-right", "bottom-left", "bottom-right"]

    async def client(app: FastAPI, number: int) -> int:
        """Ask until answered, as a client does that heeds Retry-After."""
        wanted = labels[number % 4]
        for attempt in range(500):
            sent, task = post(app, body(picture(wanted)))
            await task
            if sent.status == 200:
                assert json.loads(sent.body)["label"] == wanted
                return attempt
            assert (sent.status, sent.headers["retry-after"]) == (503, "1")
            await asyncio.sleep(0.005)
        raise AssertionError("never let in")

    refusals = await asyncio.gather(*(client(app, number) for number in range(5 * LIMIT)))
    assert any(refusals)
    assert refusals.count(0) >= LIMIT
    assert sum(slow.batches) == 5 * LIMIT, "every request ran once"


@served()
async def test_client_that_has_its_answer_may_leave(app: FastAPI, slow: Slow) -> None:
    sent, task = post(app, body(GOOD))
    await until(lambda: slow.batches)
    await asyncio.sleep(0.1)  # by now it is watched
    sent.lingers = 0.05
    slow.go.set()
    await task
    assert sent.status == 200
    assert json.loads(sent.body)["label"] == "top-left"


@served(max_in_flight=1)
async def test_upload_takes_the_place_of_nobody(app: FastAPI, slow: Slow) -> None:
    slow.go.set()
    uploads = [post(app, body(GOOD[:20], ends=False)) for _ in range(5)]
    await until(lambda: all(sent.received for sent, _ in uploads))
    sent, task = post(app, body(GOOD))
    await asyncio.wait_for(task, 5)
    assert sent.status == 200
    for sent, task in uploads:
        sent.leaves.set()
        await asyncio.wait_for(task, 5)
        assert sent.status == 499


@served(max_upload_bytes=1000)
async def test_bytes_of_uploads_are_bounded_together(app: FastAPI, slow: Slow) -> None:
    slow.go.set()
    first, uploading = post(app, body(bytes(700), ends=False))
    await until(lambda: first.received)
    second, task = post(app, body(bytes(400), GOOD))
    await task
    assert second.status == 503
    assert "1000 bytes" in detail(second)
    small, task = post(app, body(GOOD))
    await task
    assert small.status == 200, "what has arrived is no upload"
    first.leaves.set()
    await uploading
    third, task = post(app, body(GOOD[:40], GOOD[40:]))
    await task
    assert third.status == 200, "the bytes are given back"


def distinct(number: int, side: int) -> bytes:
    """Encode a picture whose quarters have their own brightness, unlike any other number's."""
    quarters = np.array([[number, 255 - number], [2 * number, 60]], np.uint8)
    pixels = quarters.repeat(side // 2, 0).repeat(side // 2, 1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def distinct_requests(number: int) -> Iterator[tuple[str, list[tuple[bytes, bytes]], bytes]]:
    as_form = [(b"content-type", b"multipart/form-data; boundary=edge")]
    side = 8 if number % 4 else 300
    yield "/predict", [], distinct(number, side)
    yield "/predict", as_form, file_form("image", distinct(40 + number, side))
    batch = [distinct(80 + (number + i) % 40, 8) for i in range(number % 3 + 1)]
    yield "/predict/batch", as_form, file_form("images", *batch)


@served(seconds=0.0005, max_in_flight=1000, queue_seconds=60)
async def test_everybody_gets_their_own_answer(app: FastAPI, slow: Slow) -> None:
    """Many distinct pictures at once: as bodies, as forms, in batches, small and large."""
    requests = [request for number in range(40) for request in distinct_requests(number)]
    expected = []
    for path, headers, content in requests:
        sent, task = post(app, body(content), path, headers)
        await task
        assert sent.status == 200
        expected.append(sent.body)
    assert len(set(expected)) == len(expected), "or this shows nothing"
    together = [post(app, body(content), path, h) for path, h, content in requests]
    await asyncio.gather(*(task for _, task in together))
    assert [sent.body for sent, _ in together] == expected
    assert max(slow.batches) > 1

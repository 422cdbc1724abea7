"""Requests to infer that our connections answer themselves: as the application would have."""

import asyncio
import gzip
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from tests.known_answer import LABELS, picture
from tests.service.slow import Slow, served, slow_service
from tests.service.v2.asking import INFER, LENGTH, TENSOR, ask, binary, image, tensor
from tests.service.v2.tensors import logits, quarters
from tests.service.wire import Listening, Seen, answer_each_way, as_bytes

BYTES = {"parameters": {"binary_data_output": True}}
NOT_FINITE = np.full((1, 1, 8, 8), np.inf, np.float32).tobytes()
Request = tuple[str, dict[str, Any]]


def request(
    document: Any,
    tensors: bytes = b"",
    path: str = INFER,
    headers: Mapping[str, str] | None = None,
) -> Request:
    text = json.dumps(document).encode()
    length = {LENGTH: str(len(text))} if tensors else {}
    return path, {"content": text + tensors, "headers": {**length, **(headers or {})}}


def json_of(*labels: str, **more: Any) -> dict[str, Any]:
    values = quarters(*labels)
    return ask(tensor(shape=list(values.shape), data=values.ravel().tolist()), **more)


ANSWERED: dict[str, Request] = {
    "a picture": request(ask(image(b64encode(picture("top-left")).decode()))),
    "json": request(json_of("top-left")),
    "json, several pictures": request(json_of("top-left", "bottom-right", id="7")),
    "json, nested": request(ask(tensor(data=quarters("top-right").tolist()))),
    "bytes": request(ask(binary()), TENSOR),
    "bytes, both ways": request(ask(binary(), **BYTES), TENSOR),
    "bytes alone": (INFER, {"content": TENSOR, "headers": {LENGTH: "0"}}),
    "of a version": request(json_of("top-left"), path="/v2/models/known/versions/1/infer"),
    "of another model": request(json_of("top-left"), path="/v2/models/contrary/infer"),
    "outputs": request(
        json_of("top-left", outputs=[{"name": "probabilities"}, {"name": "label"}]),
    ),
    "classes": request(
        json_of("top-left", outputs=[{"name": "logits", "parameters": {"classification": 2}}])
    ),
    "more pictures than a batch": request(json_of(*LABELS * 9)),
    "compressed answer": request(
        json_of(*LABELS * 8, outputs=[{"name": "logits"}, {"name": "probabilities"}]),
        headers={"Accept-Encoding": "gzip"},
    ),
}
LEFT: dict[str, Request] = {
    "no pictures": request(ask(image())),
    "compressed": (
        INFER,
        {
            "content": gzip.compress(json.dumps(json_of("top-left")).encode()),
            "headers": {"Content-Encoding": "gzip"},
        },
    ),
    "no such model": request(json_of("top-left"), path="/v2/models/none/infer"),
    "no such version": request(json_of("top-left"), path="/v2/models/known/versions/9/infer"),
    "no such runtime": request(json_of("top-left", parameters={"runtime": "tensorrt"})),
    "no such output": request(json_of("top-left", outputs=[{"name": "x"}])),
    "no json": (INFER, {"content": b"{"}),
    "too few values": request(ask(tensor(data=[0.0]))),
    "not finite, in json": request(ask(binary()), NOT_FINITE),
    "no path to infer": request(json_of("top-left"), path="/v2/models/known/config"),
}
EVERY = ANSWERED | LEFT


@pytest.fixture(scope="module")
def answered(settings: Settings) -> dict[str, tuple[Seen, Seen, int]]:
    return answer_each_way(settings, EVERY)


@pytest.mark.parametrize("name", EVERY)
def test_answer_is_the_applications(answered: dict[str, tuple[Seen, Seen, int]], name: str) -> None:
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
    asked = [["top-left"], ["bottom-right", "top-right"], ["bottom-left"]]
    slow.go.set()
    listening = Listening(app)
    clients = [listening.connect() for _ in asked]
    for client, labels in zip(clients, asked, strict=True):
        client.send(as_bytes(*request(json_of(*labels))))
    for client, labels in zip(clients, asked, strict=True):
        [output] = (await client.answer()).json()["outputs"]
        np.testing.assert_allclose(output["data"], logits(*labels).ravel(), atol=1e-4)
    assert slow.batches == [4]


def test_statistics_and_metrics_count_them_by_the_route(settings: Settings) -> None:
    async def go() -> tuple[dict[str, Any], str]:
        async with slow_service(settings, 0.001) as (app, _):
            listening = Listening(app, alone=True)
            for name in ("json", "bytes", "json, several pictures"):
                client = listening.connect()
                client.send(as_bytes(*EVERY[name]))
                assert (await client.answer()).status_code == 200
            service = app.state.service
            told = service.infer.statistics.dump(service.models.get("known"))
            return told, service.telemetry.render().decode()

    told, metrics = asyncio.run(go())
    assert told["inference_count"] == 4
    assert told["inference_stats"]["success"]["count"] == 3
    assert told["inference_stats"]["compute_infer"]["ns"] > 1_000_000
    labels = 'method="POST",route="/v2/models/{name}/infer",status="200"'
    assert f"tandem_http_requests_total{{{labels}}} 3.0" in metrics


def test_picture_among_tensors_is_answered_too(settings: Settings) -> None:
    async def go() -> list[Any]:
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            listening = Listening(app)
            clients = [listening.connect(), listening.connect()]
            clients[0].send(as_bytes(*ANSWERED["json"]))
            clients[1].send(
                as_bytes("/predict", {"content": picture("top-left"), "headers": {}}),
            )
            return [(await client.answer()).json() for client in clients]

    tensors, named = asyncio.run(go())
    assert tensors["model_name"] == "known"
    assert named["label"] == "top-left"

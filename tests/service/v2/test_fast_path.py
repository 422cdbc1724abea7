"""Requests to infer that our connections answer themselves: together, and counted as others."""

import numpy as np
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture
from tests.service.slow import Slow, served
from tests.service.v2.asking import ANSWERED, json_of, request
from tests.service.v2.tensors import logits
from tests.service.wire import Listening, as_bytes


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


@served(seconds=0.001)
async def test_statistics_and_metrics_count_them_by_the_route(app: FastAPI, slow: Slow) -> None:
    listening = Listening(app, alone=True)
    for name in ("json", "bytes", "json, several pictures"):
        client = listening.connect()
        client.send(as_bytes(*ANSWERED[name]))
        assert (await client.answer()).status_code == 200
    service = app.state.service
    told = service.infer.statistics.dump(service.models.get("known"))
    assert told["inference_count"] == sum(slow.batches) == 4
    assert told["inference_stats"]["success"].count == 3
    assert told["inference_stats"]["compute_infer"].ns > 1_000_000
    labels = 'method="POST",route="/v2/models/{name}/infer",status="200"'
    metrics = service.telemetry.render().decode()
    assert f"tandem_http_requests_total{{{labels}}} 3.0" in metrics


@pytest.mark.anyio
async def test_picture_among_tensors_is_answered_too(settings: Settings) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        listening = Listening(app)
        clients = [listening.connect(), listening.connect()]
        clients[0].send(as_bytes(*ANSWERED["json"]))
        clients[1].send(as_bytes("/predict", {"content": picture("top-left"), "headers": {}}))
        tensors, named = [(await client.answer()).json() for client in clients]
    assert tensors["model_name"] == "known"
    assert named["label"] == "top-left"

from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.api.benchmark import MeasuredNow, ModelBenchmark
from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture


def rows(response: httpx.Response) -> list[tuple[str, int, str, int]]:
    assert response.status_code == 200, response.text
    return [
        (entry.model, entry.version, latency.runtime, latency.batch_size)
        for entry in map(ModelBenchmark.model_validate, response.json()["models"])
        if entry.benchmark
        for latency in entry.benchmark.latencies
    ]


def test_recorded_benchmark_has_every_model_and_runtime(client: TestClient) -> None:
    assert {row[:3] for row in rows(client.get("/benchmark"))} == {
        ("contrary", 1, "onnx"),
        ("known", 2, "onnx"),
        ("known", 2, "torchscript"),
    }


def test_everything_is_measured_unless_asked_less(client: TestClient) -> None:
    measured = rows(client.post("/benchmark?seconds=0.001&batch_size=2&batch_size=1"))
    assert measured == [
        ("contrary", 1, "onnx", 2),
        ("contrary", 1, "onnx", 1),
        ("known", 2, "onnx", 2),
        ("known", 2, "onnx", 1),
        ("known", 2, "torchscript", 2),
        ("known", 2, "torchscript", 1),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("model=known", [("known", 2, "onnx", 1), ("known", 2, "torchscript", 1)]),
        ("model=known&version=1&runtime=onnx", [("known", 1, "onnx", 1)]),
        ("runtime=onnx", [("contrary", 1, "onnx", 1), ("known", 2, "onnx", 1)]),
    ],
)
def test_what_is_asked_for_is_measured(
    client: TestClient, query: str, expected: list[tuple[str, int, str, int]]
) -> None:
    assert rows(client.post(f"/benchmark?seconds=0.001&batch_size=1&{query}")) == expected


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("batch_size=65", 422, "largest batch size is 64"),
        ("batch_size=0", 422, "batch_size"),
        ("batch_size=1&" * 9, 422, "at most 8 items"),
        ("seconds=1", 422, "longer than 0.1 s"),
        ("seconds=inf", 422, "finite"),
        ("seconds=0", 422, "seconds"),
        ("version=1", 422, "needs a model"),
        ("model=none", 404, "contrary, known"),
        ("model=contrary&runtime=torchscript", 404, "its runtimes: onnx"),
    ],
)
def test_unbounded_or_unknown_benchmark_is_refused(
    client: TestClient, query: str, status: int, word: str
) -> None:
    response = client.post(f"/benchmark?{query}")
    assert response.status_code == status
    assert word in response.text


async def benchmark_twice_and_predict(app: FastAPI) -> tuple[list[int], float, float]:
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client,
    ):
        statuses: list[int] = []
        ended = 0.0

        async def benchmark() -> None:
            nonlocal ended
            url = "/benchmark?model=known&batch_size=1&seconds=0.4"
            statuses.append((await client.post(url)).status_code)
            ended = anyio.current_time()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(benchmark)
            await anyio.sleep(0.1)
            statuses.append((await client.post("/benchmark?model=known&seconds=0.001")).status_code)
            response = await client.post("/predict", content=picture("top-left"))
            predicted = anyio.current_time()
            statuses.append(response.status_code)
        return statuses, predicted, ended


def test_measured_figures_have_their_context(client: TestClient) -> None:
    measured = MeasuredNow.model_validate(
        client.post("/benchmark?model=known&batch_size=2&seconds=0.01").json()
    )
    [model] = measured.models
    assert (model.parameters, model.macs) == (272, 272)
    assert model.benchmark
    assert "core" in model.benchmark.hardware
    assert {"python", "onnxruntime", "torch"} <= set(model.benchmark.libraries)
    assert model.benchmark.threads == 1
    for row in model.benchmark.latencies:
        assert 0 < row.p50_ms <= row.p90_ms <= row.p99_ms
        assert row.runs >= 10
        assert row.bytes > 0
    assert abs(datetime.now(UTC) - measured.started) < timedelta(minutes=1)
    assert measured.seconds > 0.02
    assert measured.pictures_meanwhile == 0


def test_one_benchmark_at_a_time_beside_the_serving(settings: Settings) -> None:
    relaxed = settings.model_copy(update={"runtimes": ("onnx",), "benchmark_seconds": 60.0})
    statuses, predicted, ended = anyio.run(benchmark_twice_and_predict, create_app(relaxed))
    assert statuses == [409, 200, 200]
    assert predicted < ended, "the picture was answered while the benchmark ran"

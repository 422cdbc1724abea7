"""Batches of different requests: brought together, and each answer to whoever asked."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from artifact.predictor import Predictor
from artifact.repository import Repository
from artifact.runtimes.base import Batch, Logits
from service.observability.telemetry import Telemetry
from service.pipeline.inference import Inference
from service.settings import Settings

SMALL, LARGE = 1, 100_000_000
MOST = 4

pytestmark = pytest.mark.anyio


class Recorder:
    """A runtime that names each picture by its first pixel, and remembers what it was given."""

    input_name = "pixels"
    output_name = "logits"

    def __init__(self, seconds: float = 0) -> None:
        self.batches: list[list[float]] = []
        self.threads: set[int] = set()
        self._seconds = seconds

    def run(self, batch: Batch) -> Logits:
        first = batch.reshape(len(batch), -1)[:, 0]
        if (first < 0).any():
            raise ValueError("below zero")
        self.batches.append(first.tolist())
        self.threads.add(threading.get_ident())
        time.sleep(self._seconds)
        return np.stack([first, first + 0.5], axis=1)


@pytest.fixture(scope="module")
def published(repository: Path) -> Predictor:
    return Repository.scan(repository).get("known").open("onnx")


def open_recorder(published: Predictor, runtime: Recorder, macs: int) -> Predictor:
    manifest = published.manifest
    architecture = manifest.architecture.model_copy(update={"macs": macs})
    changed = manifest.model_copy(update={"architecture": architecture})
    return Predictor(changed, "onnx", runtime)


def batch_of(*pictures: float) -> Batch:
    return np.array(pictures, np.float32).reshape(-1, 1, 1, 1)


def opened(**changes: object) -> closing[Inference]:
    usual = {"worker_threads": 1, "max_batch": MOST, "queue_seconds": 60}
    return closing(Inference(Settings().model_copy(update=usual | changes), Telemetry()))


@pytest.fixture
def inference() -> Iterator[Inference]:
    with opened() as inference:
        yield inference


async def ask(inference: Inference, predictor: Predictor, *pictures: float) -> list[float]:
    logits, _ = await inference.run(predictor, batch_of(*pictures))
    assert (logits[:, 1] == logits[:, 0] + 0.5).all()
    answer: list[float] = logits[:, 0].tolist()
    return answer


@pytest.mark.parametrize("macs", [SMALL, LARGE], ids=["on-the-loop", "in-threads"])
@pytest.mark.parametrize("threads", [1, 3])
async def test_every_request_gets_its_own_answer(
    published: Predictor, macs: int, threads: int
) -> None:
    predictor = open_recorder(published, Recorder(), macs)
    with opened(worker_threads=threads) as inference:
        sent = [tuple(float(100 * i + j) for j in range(i % 6 + 1)) for i in range(60)]
        answers = await asyncio.gather(*(ask(inference, predictor, *each) for each in sent))
        assert answers == [list(each) for each in sent]


async def test_single_request_runs_at_once_on_the_loop(
    published: Predictor, inference: Inference
) -> None:
    runtime = Recorder()
    predictor = open_recorder(published, runtime, SMALL)
    for picture in range(3):
        request = inference.run(predictor, batch_of(picture))
        with pytest.raises(StopIteration):  # that is how a coroutine returns
            request.send(None)
        await asyncio.sleep(0)
    assert runtime.threads == {threading.get_ident()}


async def test_requests_of_one_turn_share_batches_up_to_the_most(
    published: Predictor, inference: Inference
) -> None:
    runtime = Recorder()
    predictor = open_recorder(published, runtime, SMALL)
    await asyncio.gather(*(ask(inference, predictor, i) for i in range(10)))
    assert runtime.batches == [[0], [1, 2, 3, 4], [5, 6, 7, 8], [9]]


async def test_request_larger_than_the_most_runs_alone(
    published: Predictor, inference: Inference
) -> None:
    runtime = Recorder()
    predictor = open_recorder(published, runtime, LARGE)
    sent = ([1], range(9), [2])
    await asyncio.gather(*(ask(inference, predictor, *pictures) for pictures in sent))
    assert runtime.batches == [[1], list(range(9)), [2]]


async def test_what_arrives_while_a_batch_runs_is_the_next_one(
    published: Predictor, inference: Inference
) -> None:
    runtime = Recorder(seconds=0.05)
    predictor = open_recorder(published, runtime, LARGE)
    first = asyncio.ensure_future(ask(inference, predictor, 1))
    await asyncio.sleep(0.02)
    later = [asyncio.ensure_future(ask(inference, predictor, i)) for i in (2, 3)]
    await asyncio.sleep(0)
    later.append(asyncio.ensure_future(ask(inference, predictor, 4)))
    await asyncio.gather(first, *later)
    assert runtime.batches == [[1], [2, 3, 4]]
    assert threading.get_ident() not in runtime.threads


async def test_loop_goes_on_while_a_large_batch_runs(
    published: Predictor, inference: Inference
) -> None:
    predictor = open_recorder(published, Recorder(seconds=0.2), LARGE)
    large = asyncio.ensure_future(ask(inference, predictor, 1))
    start = time.perf_counter()
    for _ in range(5):
        await asyncio.sleep(0.001)
    assert time.perf_counter() - start < 0.15
    assert not large.done()
    await large


async def test_cancelled_request_never_runs(published: Predictor, inference: Inference) -> None:
    runtime = Recorder(seconds=0.05)
    predictor = open_recorder(published, runtime, LARGE)
    first = asyncio.ensure_future(ask(inference, predictor, 1))
    await asyncio.sleep(0.02)
    left, stayed = (asyncio.ensure_future(ask(inference, predictor, i)) for i in (2, 3))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(first, stayed)
    assert left.cancelled()
    assert runtime.batches == [[1], [3]]


@pytest.mark.parametrize("macs", [SMALL, LARGE], ids=["on-the-loop", "in-threads"])
async def test_request_that_fails_spoils_no_other(
    published: Predictor, macs: int, inference: Inference
) -> None:
    predictor = open_recorder(published, Recorder(), macs)
    requests = (ask(inference, predictor, picture) for picture in (1, 2, -1, 3))
    one, two, failed, three = await asyncio.gather(*requests, return_exceptions=True)
    assert (one, two, three) == ([1], [2], [3])
    assert isinstance(failed, ValueError)


async def test_request_waits_for_others_where_it_is_told_to(published: Predictor) -> None:
    runtime = Recorder()
    predictor = open_recorder(published, runtime, SMALL)
    with opened(batch_wait_ms=100) as inference:
        first = asyncio.ensure_future(ask(inference, predictor, 1))
        await asyncio.sleep(0.01)
        await asyncio.gather(first, ask(inference, predictor, 2))
    assert runtime.batches == [[1, 2]]


async def test_full_batch_waits_no_longer(published: Predictor) -> None:
    runtime = Recorder()
    predictor = open_recorder(published, runtime, SMALL)
    start = time.perf_counter()
    with opened(batch_wait_ms=30_000) as inference:
        await asyncio.gather(*(ask(inference, predictor, i) for i in range(MOST)))
    assert time.perf_counter() - start < 10
    assert runtime.batches == [[0, 1, 2, 3]]


async def test_model_that_is_gone_is_forgotten(published: Predictor, inference: Inference) -> None:
    left: list[weakref.ref[Predictor]] = []
    predictor = open_recorder(published, Recorder(), SMALL)
    left.append(weakref.ref(predictor))
    await ask(inference, predictor, 1)
    del predictor
    await asyncio.sleep(0.01)
    gc.collect()
    assert left[0]() is None

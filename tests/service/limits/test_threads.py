"""Threads for large work: who may wait, and who is refused."""

import asyncio
import time

import pytest

from service.errors import Unavailable
from service.limits.threads import Threads
from service.observability.telemetry import Telemetry
from service.pipeline.decoding import Pictures
from service.settings import Settings
from tests.vision.pictures import encode, seven
from vision.input import Input

DIGIT = Input(shape=(1, 28, 28), mode="L", mean=(0.5,), std=(0.25,), preprocess="digit")

pytestmark = pytest.mark.anyio


async def test_work_gives_what_it_makes_and_raises_what_it_raises() -> None:
    threads = Threads(2, 1, "test")
    assert await threads.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 7, 0)
    threads.close()


async def test_whoever_would_wait_for_too_long_is_refused_at_once() -> None:
    threads = Threads(1, 0.5, "test")
    await threads.run(time.sleep, 1)  # from then on such work is expected to take 0.2 s
    inside = [asyncio.create_task(threads.run(time.sleep, 0.1)) for _ in range(2)]
    await asyncio.sleep(0)
    start = time.perf_counter()
    with pytest.raises(Unavailable):
        await threads.run(time.sleep, 0.1)
    assert time.perf_counter() - start < 0.1
    await asyncio.gather(*inside)
    threads.close()


async def test_pictures_of_one_large_batch_do_not_wait_for_one_another() -> None:
    photograph = encode(255 - seven(800, 60))
    pictures = Pictures(Settings(worker_threads=1, queue_seconds=0.3), Telemetry())
    start = time.perf_counter()
    views = await pictures.view_each([photograph], DIGIT)
    one = time.perf_counter() - start
    many = int(1 + 1 / one)  # together they take three times as long as anybody may wait
    views = await pictures.view_each([photograph] * many, DIGIT)
    assert len(views) == many
    pictures.close()

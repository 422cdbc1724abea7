"""Small work on the event loop: together, in order, and never for long."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from service.errors import Unavailable
from service.observability.telemetry import Telemetry
from service.pipeline.decoding import Pictures
from service.pipeline.turns import TURN_SECONDS, TurnQueue
from service.settings import Settings
from tests.known_answer import picture
from vision.decode import Limits, Picture, decode
from vision.input import Input

INPUT = Input(shape=(1, 8, 8), mode="L", mean=(0.0,), std=(1.0,), preprocess="resize")
SECONDS_EACH = 0.002

pytestmark = pytest.mark.anyio


def decode_slowly(data: bytes, limits: Limits) -> Picture:
    time.sleep(SECONDS_EACH)
    return decode(data, limits)


async def test_what_arrives_in_one_turn_is_processed_together_and_in_order() -> None:
    turns: list[list[int]] = []

    def process(items: Sequence[int], _until: float) -> int:
        turns.append(list(items))
        return min(2, len(items))

    queue = TurnQueue(process, max_items=3)
    for item in range(4):
        queue.put(item)
    while len(turns) < 2:
        await asyncio.sleep(0)
    assert turns == [[0, 1, 2], [2, 3]]


@pytest.mark.parametrize(("first", "together"), [([1], [1]), ([1, 2], [1, 2, 3])])
async def test_several_wait_for_what_the_loop_finds_next_and_one_for_nothing(
    first: list[int], together: list[int]
) -> None:
    turns: list[list[int]] = []

    def process(items: Sequence[int], _until: float) -> int:
        turns.append(list(items))
        return len(items)

    queue = TurnQueue(process, max_items=4)
    for item in first:
        queue.put(item)
    await asyncio.sleep(0)  # the turn is over
    queue.put(3)
    while len(turns) < 1:
        await asyncio.sleep(0)
    assert turns[0] == together


async def test_flood_of_small_pictures_leaves_time_for_probes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded = 0

    def count_and_decode(data: bytes, limits: Limits) -> Picture:
        nonlocal decoded
        decoded += 1
        return decode_slowly(data, limits)

    monkeypatch.setattr("service.pipeline.decoding.decode", count_and_decode)
    pictures = Pictures(Settings(queue_seconds=60), Telemetry())
    data = picture("top-left")
    flood = asyncio.gather(*(pictures.views(data, [INPUT]) for _ in range(100)))
    most, before = 0, decoded
    while not flood.done():
        await asyncio.sleep(0)  # as any other task of the loop, a probe's for one
        most, before = max(most, decoded - before), decoded
    assert len(await flood) == decoded == 100
    pictures.close()
    assert most <= TURN_SECONDS / SECONDS_EACH + 1


async def test_picture_that_waits_for_its_turn_for_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.pipeline.decoding.decode", decode_slowly)
    pictures = Pictures(Settings(queue_seconds=4 * TURN_SECONDS), Telemetry())
    flood = (pictures.views(picture("top-left"), [INPUT]) for _ in range(100))
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    assert not isinstance(outcomes[0], BaseException)
    assert isinstance(outcomes[-1], Unavailable)
    pictures.close()

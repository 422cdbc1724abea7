"""Runs batches on the networks: what has arrived already runs together and waits for no more.

A small batch runs at once on the event loop, where a thread's hop would cost more than the work,
and a large one in one of a few threads. Requests that the loop finds in the same turn, or while
the threads are busy, share the next batch. Batching pays for small networks because much of their
time is spent between the operators.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from service.errors import overloaded
from service.observability.telemetry import ModelTelemetry, Telemetry, Trace
from service.pipeline.turns import resolve
from service.settings import Settings

# About a millisecond of one core: so long may one batch hold up everything else.
_INLINE_MACS: Final = 25_000_000


class Inference:
    """Runs every network; one queue for each."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        """Prepare, without starting a thread; the telemetry is told of every batch."""
        self.max_batch = settings.max_batch
        self._telemetry = telemetry
        # Of large batches, each of which may use the runtime's own threads.
        self._threads = ThreadPoolExecutor(settings.pool_size, thread_name_prefix="inference")
        self._most_running = settings.pool_size
        self._wait_seconds = settings.batch_wait_ms / 1000
        self._queue_seconds = settings.queue_seconds
        self._queues = WeakKeyDictionary[Predictor, _ModelQueue]()

    async def run(
        self, predictor: Predictor, batch: Batch, traces: Sequence[Trace] = (None,)
    ) -> tuple[Logits, float]:
        """Compute the raw logits [N, K] of a batch [N, C, H, W], N at least 1.

        It may be of several requests, each with its trace. Cancelled while it waits, it never runs.

        Returns:
            The logits, and the seconds that the batch has waited.

        Raises:
            Unavailable: It would have had to wait for too long.
        """
        queue = self._queues.get(predictor) or self._open(predictor)
        if self._is_alone(queue) and queue.is_small(len(batch)):
            return _run_now(predictor, queue, batch, traces), 0
        return await self._join(queue, _Waiting(predictor, batch, traces))

    def run_at_once(
        self, predictor: Predictor, batch: Batch, traces: Sequence[Trace]
    ) -> Logits | None:
        """Run a small batch of what arrived in this turn of the loop; None: it is to be `run`."""
        queue = self._queues.get(predictor) or self._open(predictor)
        if self._wait_seconds or not queue.is_small(len(batch)):
            return None
        return _run_now(predictor, queue, batch, traces)

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self._threads.shutdown(wait=False)

    def _is_alone(self, queue: "_ModelQueue") -> bool:
        """Whether no other request is for the same network, as far as can be seen.

        The loop starts the requests of one turn one after the other, and the first cannot see the
        next: how many there were the last time says it.
        """
        if not queue.arrived:
            asyncio.get_running_loop().call_soon(queue.end_turn)
        queue.arrived += 1
        return queue.arrived == 1 and queue.arrived_before <= 1 and not self._wait_seconds

    def _open(self, predictor: Predictor) -> "_ModelQueue":
        macs = predictor.manifest.architecture.macs
        queue = self._queues[predictor] = _ModelQueue(macs, self._telemetry.of(predictor))
        return queue

    async def _join(self, queue: "_ModelQueue", request: "_Waiting") -> tuple[Logits, float]:
        queue.add(request)
        full = queue.pictures() >= self.max_batch
        if queue.call is None:
            self._call(queue, 0 if full else self._wait_seconds)
        elif full and self._wait_seconds:
            queue.call.cancel()
            self._call(queue)
        return await request.logits, request.waited

    def _call(self, queue: "_ModelQueue", wait_seconds: float = 0) -> None:
        loop = asyncio.get_running_loop()
        if wait_seconds:
            queue.call = loop.call_later(wait_seconds, self._take_turn, queue)
        else:
            queue.call = loop.call_soon(self._take_turn, queue)

    def _take_turn(self, queue: "_ModelQueue") -> None:
        """Run what is waiting: one small batch, so that the loop goes on, or one in a thread."""
        queue.call = None
        if queue.running == self._most_running:
            self._expect(queue)
            return  # whichever ends first comes back here
        requests = queue.take(self.max_batch)
        if not requests:
            return
        if queue.is_small(sum(len(request.batch) for request in requests)):
            _answer(requests, _run(queue, requests))
        else:
            self._start(queue, requests)
        if queue.waiting:
            self._call(queue)

    def _start(self, queue: "_ModelQueue", requests: Sequence["_Waiting"]) -> None:
        queue.running += 1
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, _run, queue, requests)

        def end(done: asyncio.Future[Sequence["_Outcome"]]) -> None:
            queue.running -= 1
            _answer(requests, done.result())
            if queue.call is None:
                self._take_turn(queue)

        running.add_done_callback(end)

    def _expect(self, queue: "_ModelQueue") -> None:
        """Refuse in time the requests that would wait for longer than allowed."""
        if queue.waiting and queue.expiry is None:
            left = queue.waiting[0].arrived + self._queue_seconds - perf_counter()
            loop = asyncio.get_running_loop()
            queue.expiry = loop.call_later(max(0, left), self._expire, queue)

    def _expire(self, queue: "_ModelQueue") -> None:
        queue.expiry = None
        why = f"the network was busy for {self._queue_seconds:g} s; try again in a second"
        late = perf_counter() - self._queue_seconds
        while queue.waiting and queue.waiting[0].arrived <= late:
            request = queue.pop()
            resolve(request.logits, overloaded(why))
        self._expect(queue)


_Outcome = Logits | Exception


@dataclass(slots=True)
class _Waiting:
    """One request's batch and where its logits go."""

    predictor: Predictor
    batch: Batch
    traces: Sequence[Trace]
    logits: asyncio.Future[Logits] = field(default_factory=asyncio.Future)
    arrived: float = field(default_factory=perf_counter)
    waited: float = 0


@dataclass(slots=True)
class _ModelQueue:
    """What waits for one network."""

    macs: int
    telemetry: ModelTelemetry
    waiting: deque[_Waiting] = field(default_factory=deque)
    running: int = 0  # batches in threads
    call: asyncio.Handle | None = None  # of the loop, to take from it
    expiry: asyncio.Handle | None = None  # of the loop, to refuse what has waited for too long
    arrived: int = 0  # requests in this turn of the loop
    arrived_before: int = 0  # and in the last one that had any

    def is_small(self, pictures: int) -> bool:
        return self.macs * pictures <= _INLINE_MACS

    def pictures(self) -> int:
        return sum(len(request.batch) for request in self.waiting)

    def add(self, request: _Waiting) -> None:
        self.waiting.append(request)
        self.telemetry.queued(len(request.batch))

    def pop(self) -> _Waiting:
        request = self.waiting.popleft()
        request.waited = perf_counter() - request.arrived
        self.telemetry.dequeued(len(request.batch), request.waited, request.traces)
        return request

    def take(self, most: int) -> list[_Waiting]:
        """Take the first requests of together at most that many pictures, but one at least."""
        taken: list[_Waiting] = []
        pictures = 0
        while self.waiting and (not taken or pictures + len(self.waiting[0].batch) <= most):
            request = self.pop()
            if not request.logits.done():  # cancelled
                taken.append(request)
                pictures += len(request.batch)
        return taken

    def end_turn(self) -> None:
        self.arrived_before, self.arrived = self.arrived, 0


def _run_now(
    predictor: Predictor, queue: _ModelQueue, batch: Batch, traces: Sequence[Trace]
) -> Logits:
    queue.telemetry.waited(0, traces)
    start = perf_counter()
    logits = predictor.run(batch)
    queue.telemetry.inferred(len(batch), perf_counter() - start, traces)
    return logits


def _run(queue: _ModelQueue, requests: Sequence[_Waiting]) -> Sequence[_Outcome]:
    batches = [request.batch for request in requests]
    start = perf_counter()
    outcomes = _run_together(requests[0].predictor, batches)
    seconds = perf_counter() - start
    traces = [trace for request in requests for trace in request.traces]
    queue.telemetry.inferred(sum(map(len, batches)), seconds, traces)
    return outcomes


def _run_together(predictor: Predictor, batches: Sequence[Batch]) -> Sequence[_Outcome]:
    """Run several requests' batches as one; where that fails, each alone with its own failure."""
    try:
        if len(batches) == 1:
            return [predictor.run(batches[0])]
        logits = predictor.run(np.concatenate(batches))
    except Exception as error:  # noqa: BLE001 - it belongs to the request
        if len(batches) == 1:
            return [error]  # logged where it is delivered
        return [outcome for batch in batches for outcome in _run_together(predictor, [batch])]
    ends = np.cumsum([len(batch) for batch in batches])
    return np.split(logits, ends[:-1])


def _answer(requests: Sequence[_Waiting], outcomes: Sequence[_Outcome]) -> None:
    for request, outcome in zip(requests, outcomes, strict=True):
        resolve(request.logits, outcome)

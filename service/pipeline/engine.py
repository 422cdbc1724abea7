"""From requests that are read to their answers: those that ask the same network, together.

The fast connection passes a callback, a route awaits a future. What numpy and the network do for
sixteen requests takes hardly longer than for one, so the requests of one turn of the event loop
go through each step together: batch, infer, render.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Generic, NamedTuple, TypeVar

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from service.errors import Refused
from service.observability.record import Header, RequestRecord
from service.observability.telemetry import Trace
from service.pipeline.decoding import Preparation
from service.pipeline.inference import Inference
from service.pipeline.turns import resolve

Scope = Any  # of ASGI: a dictionary that each server has its own type of
Request = TypeVar("Request")
Item = TypeVar("Item")


class Rendered(NamedTuple):
    """An answer as it is sent: its body, and the headers that say what it is."""

    body: bytes
    headers: tuple[Header, ...] = ((b"content-type", b"application/json"),)


Deliver = Callable[[Rendered | Exception], None]


@dataclass(slots=True, eq=False)
class Call:
    """One request on its way, and who is told how it ended."""

    request: Any  # of its engine's kind, as the items of its group are
    deliver: Deliver
    trace: Trace
    is_cancelled: bool = False
    group: "Group[Any] | None" = None  # that it is part of
    work: Preparation | asyncio.Task[None] | None = None  # that it waits for

    def end(self, outcome: Rendered | Exception) -> None:
        """Deliver the answer or the failure, unless the request is given up."""
        self.work = self.group = self.request = None  # they would hold bodies in memory
        if not self.is_cancelled:
            self.deliver(outcome)

    def cancel(self) -> None:
        """Give the request up: what has not begun never runs, and nothing is delivered."""
        self.is_cancelled = True
        if self.work is not None:
            self.work.cancel()
        if self.group is not None:
            self.group.leave()


@dataclass(slots=True, eq=False)
class Group(Generic[Item]):
    """Requests that ask the same network, and what each asks of it."""

    predictor: Predictor
    calls: list[Call] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    pictures: int = 0
    task: asyncio.Task[None] | None = None
    staying: int = 0  # requests that are not given up

    def add(self, call: Call, item: Item, pictures: int) -> None:
        """Answer one more."""
        call.work, call.group = None, self
        self.calls.append(call)
        self.items.append(item)
        self.pictures += pictures
        self.staying += 1

    def leave(self) -> None:
        """One request is given up; the work for a group of none is given up too."""
        self.staying -= 1
        if self.task is not None and not self.staying:
            self.task.cancel()


class Engine(ABC, Generic[Request, Item]):
    """Answers requests of one kind; each becomes an item of a batch."""

    def __init__(self, inference: Inference) -> None:
        """Prepare; a request of more pictures than are brought together runs alone."""
        self._inference = inference
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, request: Request, trace: Trace) -> Rendered:
        """Answer a request; cancelled, it is given up.

        Raises:
            Exception: Whatever it fails with, as `submit` delivers it.
        """
        answered: asyncio.Future[Rendered] = asyncio.get_running_loop().create_future()
        call = self.submit(request, partial(resolve, answered), trace)
        try:
            return await answered
        except asyncio.CancelledError:
            call.cancel()
            raise

    @abstractmethod
    def submit(self, request: Request, deliver: Deliver, trace: Trace) -> Call:
        """Begin with a request.

        Args:
            request: To answer.
            deliver: Is given the answer or the failure, once, when this turn of the loop is over
                or later, unless the call is cancelled.
            trace: That the steps of the request are part of.
        """

    @abstractmethod
    def _batch(self, group: Group[Item]) -> Batch:
        """Make the batch [N, C, H, W] of all items."""

    @abstractmethod
    def _render(
        self, group: Group[Item], logits: Logits, began: float
    ) -> Iterable[Rendered | Exception]:
        """Make each request's answer; the network began at that `perf_counter`."""

    def _size(self, item: Item) -> int:  # noqa: ARG002 - another engine looks at it
        """Count the pictures of an item."""
        return 1

    def _infer_together(self, prepared: Iterable[tuple[Call, Predictor, Item]]) -> None:
        """Answer requests that are ready for their networks."""
        groups: dict[Predictor, Group[Item]] = {}
        for call, predictor, item in prepared:
            if call.is_cancelled:
                continue
            pictures = self._size(item)
            group = groups.get(predictor)
            if group is None or group.pictures + pictures > self._inference.max_batch:
                if group is not None:
                    self._infer(group)
                group = groups[predictor] = Group(predictor)
            group.add(call, item, pictures)
        for group in groups.values():
            self._infer(group)

    def _infer(self, group: Group[Item]) -> None:
        traces = [call.trace for call in group.calls]
        try:
            batch = self._batch(group)
            began = perf_counter()
            logits = self._inference.run_at_once(group.predictor, batch, traces)
        except Exception as error:  # noqa: BLE001 - it belongs to the requests
            self._fail(group, error)  # logged where it is delivered
            return
        if logits is not None:
            self._answer(group, logits, began)
            return
        group.task = self._start(self._infer_later(group, batch, traces))

    async def _infer_later(self, group: Group[Item], batch: Batch, traces: Sequence[Trace]) -> None:
        arrived = perf_counter()
        try:
            logits, waited = await self._inference.run(group.predictor, batch, traces)
        except Exception as error:  # noqa: BLE001 - it belongs to the requests
            self._fail(group, error)  # logged where it is delivered
        else:
            self._answer(group, logits, arrived + waited)

    def _answer(self, group: Group[Item], logits: Logits, began: float) -> None:
        try:
            answers = list(self._render(group, logits, began))
        except Exception as error:  # noqa: BLE001 - it belongs to the requests
            self._fail(group, error)  # logged where it is delivered
            return
        for call, answer in zip(group.calls, answers, strict=True):
            call.end(answer)

    def _fail(self, group: Group[Item], error: Exception) -> None:
        """Deliver a failure; where it may be one request's alone, the others get their answers."""
        if len(group.calls) > 1 and not isinstance(error, Refused):
            for call, item in zip(group.calls, group.items, strict=True):
                self._infer_together([(call, group.predictor, item)])
        else:
            for call in group.calls:
                call.end(error)

    def _start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)  # the loop alone would let it be collected
        task.add_done_callback(self._tasks.discard)
        return task


class FallBack(Exception):
    """Leaves a request to the routes; the message is the reason that is counted."""


class Endpoint(ABC):
    """Answers the requests to some routes."""

    @abstractmethod
    def begin(self, path: str, scope: Scope) -> str | None:
        """Name the route of a request whose head is there, as a template; None for others."""

    @abstractmethod
    def submit(self, scope: Scope, body: bytes, record: RequestRecord, deliver: Deliver) -> Call:
        """Begin with a request that is there.

        Raises:
            FallBack: It is left to the routes.
            Refused: As the route would refuse it; so does TandemError.
        """

"""Plain requests, answered without a task of their own.

What a server reads from its connections in one turn of the event loop is answered together when
the turn is over, and step by step: all requests are read, then run as one batch, and answered.
Nobody waits for more. What numpy does for sixteen pictures takes hardly longer than for one, and
sixteen times the same step finds its code in the processor's caches, where sixteen requests one
after the other would throw out one another's.

Only what is plain and goes well is answered here. Everything else is handed over to the
application, as if nobody had looked.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Final, Generic, NamedTuple, TypeVar

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from service.errors import Refused
from service.observability.record import CLIENT_LEFT, REQUEST_ID, RequestIds, kind_of_status
from service.state import Service

METHOD: Final = "POST"
_OK: Final = 200
_REST: Final = b"content-length: %d\r\n%b%b: %b\r\n\r\n%b"

Item = TypeVar("Item")


class Text(NamedTuple):
    """The body of an answer, and the lines of the head that say what it is, each ended."""

    lines: bytes
    body: bytes


class Request(ABC):
    """One request, whose whole body is there."""

    __slots__ = ("_group", "began", "body", "left", "scope")

    def __init__(self, scope: Mapping[str, Any], body: bytes, began: float) -> None:
        self.scope = scope
        self.body = body
        self.began = began
        self.left = False
        self._group: Group[Any] | None = None

    @abstractmethod
    def answer(self, rest: bytes) -> None:
        """Send an answer with status 200: its last headers, an empty line, its body."""

    @abstractmethod
    def hand_over(self, refusal: Refused | None = None) -> None:
        """Leave the request to the application, which words the refusal if there is one."""

    def leave(self) -> None:
        """Say that nobody waits for the answer any more."""
        self.left = True
        if self._group is not None:
            self._group.leave()

    def join(self, group: "Group[Any]") -> None:
        """Be answered with others."""
        self._group = group

    def part(self) -> None:
        """Hold the others no longer: bodies would wait for the garbage collector."""
        self._group = None


class Group(Generic[Item]):
    """Requests of one turn of the loop that ask the same network."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.requests: list[Request] = []
        self.items: list[Item] = []
        self.task: asyncio.Task[None] | None = None
        self._staying = 0

    def add(self, request: Request, item: Item) -> None:
        """Answer one more."""
        request.join(self)
        self.requests.append(request)
        self.items.append(item)
        self._staying += not request.left

    @property
    def is_deserted(self) -> bool:
        """Whether all clients have left."""
        return not self._staying

    def leave(self) -> None:
        """One client has left; work that nobody waits for is given up."""
        self._staying -= 1
        if self.task is not None and self.is_deserted:
            self.task.cancel()


class Express(ABC, Generic[Item]):
    """Answers plain requests of one kind."""

    def __init__(self, service: Service, ids: RequestIds) -> None:
        self._admission = service.admission
        self._inference = service.inference
        self._telemetry = service.telemetry
        self._most = service.settings.max_batch
        self._ids = ids
        self._turn: list[Request] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def may_take(self, scope: MutableMapping[str, Any]) -> bool:
        """Whether a request may turn out to be plain, as far as its head says."""
        return (
            scope["method"] == METHOD and not self._admission.is_full and self._may_be_plain(scope)
        )

    @abstractmethod
    def _may_be_plain(self, scope: MutableMapping[str, Any]) -> bool:
        """Whether the path is one of ours, and nothing in the head speaks against it."""

    @abstractmethod
    def _read(self, turn: Sequence[Request]) -> Iterable[tuple[Predictor, Item] | None]:
        """Read what each asks, and of whom; None where that turns out not to be plain."""

    @abstractmethod
    def _batch(self, group: Group[Item]) -> Batch:
        """Make what the network takes of all that is asked."""

    @abstractmethod
    def _texts(self, group: Group[Item], logits: Logits, began: float) -> Iterable[Text | None]:
        """Write each answer, the network having begun then; None where that fails."""

    @abstractmethod
    def _route(self, request: Request) -> str:
        """Name the route that a request would have taken."""

    def take(self, request: Request) -> None:
        """Take a request: it is answered when this turn of the loop is over, or handed over."""
        if self._admission.is_full:
            request.hand_over()
            return
        self._admission.enter()
        self._telemetry.in_flight.add(1)
        if not self._turn:
            # Called when the loop has read from every connection that has something.
            asyncio.get_running_loop().call_soon(self._answer_turn)
        self._turn.append(request)

    def _answer_turn(self) -> None:
        turn, self._turn = self._turn[: self._most], self._turn[self._most :]
        if self._turn:
            asyncio.get_running_loop().call_soon(self._answer_turn)
        for group in self._grouped(turn):
            self._infer(group)

    def _grouped(self, turn: Sequence[Request]) -> list[Group[Item]]:
        """Bring together who asks the same network; what is not plain is handed over."""
        groups: dict[Predictor, Group[Item]] = {}
        for request, asked in zip(turn, self._read(turn), strict=True):
            if asked is None:
                self._end(request)
                continue
            predictor, item = asked
            group = groups.get(predictor)
            if group is None:
                group = groups[predictor] = Group(predictor)
            group.add(request, item)
        return list(groups.values())

    def _infer(self, group: Group[Item]) -> None:
        if group.is_deserted:
            self._end_all(group)
            return
        try:
            batch = self._batch(group)
            began = perf_counter()
            logits = self._inference.run_at_once(group.predictor, batch)
        except Exception:  # noqa: BLE001 - the application meets it again, and says what it is
            self._end_all(group)
            return
        if logits is None:
            group.task = asyncio.get_running_loop().create_task(self._wait(group, batch))
            self._tasks.add(group.task)
            group.task.add_done_callback(partial(self._finish, group))
        else:
            self._answer(group, logits, began)

    async def _wait(self, group: Group[Item], batch: Batch) -> None:
        refusal: Refused | None = None
        arrived = perf_counter()
        try:
            logits, waited = await self._inference.run_in_turn(group.predictor, batch)
        except Refused as error:
            refusal = error
        except Exception:  # noqa: BLE001, S110 - the application meets it again, and says what it is
            pass
        else:
            self._answer(group, logits, arrived + waited)
            return
        self._end_all(group, refusal)

    def _finish(self, group: Group[Item], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() and group.is_deserted:  # perhaps before its first step
            self._end_all(group)

    def _answer(self, group: Group[Item], logits: Logits, began: float) -> None:
        texts = self._texts(group, logits, began)
        for request, text in zip(group.requests, texts, strict=True):
            self._end(request, text)

    def _end_all(self, group: Group[Item], refusal: Refused | None = None) -> None:
        for request in group.requests:
            self._end(request, refusal=refusal)

    def _end(
        self, request: Request, text: Text | None = None, refusal: Refused | None = None
    ) -> None:
        request.part()
        self._admission.leave()
        self._telemetry.in_flight.add(-1)
        if request.left:
            self._tell(request, CLIENT_LEFT)
            self._telemetry.refused(kind_of_status(CLIENT_LEFT))
        elif text is None:
            request.hand_over(refusal)
        else:
            request_id = self._ids.of(request.scope["headers"])
            request.answer(_REST % (len(text.body), text.lines, REQUEST_ID, request_id, text.body))
            self._tell(request, _OK)

    def _tell(self, request: Request, status: int) -> None:
        seconds = perf_counter() - request.began
        self._telemetry.answered(METHOD, self._route(request), status, seconds)

"""Plain requests to `POST /predict`, answered without a task of their own.

What a server reads from its connections in one turn of the event loop is answered together when
the turn is over, and step by step: all pictures are decoded, then all preprocessed, run as one
batch, and answered. Nobody waits for more. What numpy does for sixteen pictures takes hardly longer
than for one, and sixteen times the same step finds its code in the processor's caches, where
sixteen requests one after the other would throw out one another's.

Only what is plain and goes well is answered here. Everything else is handed over to the
application, as if nobody had looked.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Final

from fastapi import HTTPException
from pydantic_core import to_json

from artifact.predictor import Predictor
from artifact.preprocess import View
from artifact.runtime import Batch, Logits
from service.answers import answer
from service.errors import CLIENT_LEFT
from service.exchange import KINDS, REQUEST_ID, RequestIds
from service.plain import METHOD, PATH, Asked, Plain
from service.state import Service

_OK: Final = 200
_REST: Final = b"content-length: %d\r\ncontent-type: application/json\r\n%b: %b\r\n\r\n%b"


class Request(ABC):
    """One request, whose whole body is there."""

    __slots__ = ("_group", "began", "body", "left", "scope")

    def __init__(self, scope: Mapping[str, Any], body: bytes, began: float) -> None:
        self.scope = scope
        self.body = body
        self.began = began
        self.left = False
        self._group: _Group | None = None

    @abstractmethod
    def answer(self, rest: bytes) -> None:
        """Send an answer with status 200: its last headers, an empty line, its body."""

    @abstractmethod
    def hand_over(self, refusal: HTTPException | None = None) -> None:
        """Leave the request to the application, which words the refusal if there is one."""

    def leave(self) -> None:
        """Say that nobody waits for the answer any more."""
        self.left = True
        if self._group is not None:
            self._group.leave()

    def join(self, group: "_Group") -> None:
        """Be answered with others."""
        self._group = group


class _Group:
    """Requests of one turn of the loop that ask the same network."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.requests: list[Request] = []
        self.views: list[View] = []
        self.task: asyncio.Task[None] | None = None
        self._staying = 0

    def add(self, request: Request, view: View) -> None:
        request.join(self)
        self.requests.append(request)
        self.views.append(view)
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


class Express:
    """Answers plain requests of one service."""

    def __init__(self, service: Service) -> None:
        self._admission = service.admission
        self._inference = service.inference
        self._pictures = service.pictures
        self._telemetry = service.telemetry
        self._most = service.settings.max_batch
        self._plain = Plain(service)
        self._ids = RequestIds()
        self._turn: list[Request] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def may_take(self, scope: Mapping[str, Any]) -> bool:
        """Whether a request may turn out to be plain, as far as its head says."""
        return (
            scope["path"] == PATH
            and scope["method"] == METHOD
            and not self._admission.is_full
            and self._plain.predictor(scope["query_string"]) is not None
        )

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
        for group in self._read(turn):
            self._infer(group)

    def _read(self, turn: Sequence[Request]) -> list[_Group]:
        """Make the pictures ready; what turns out not to be plain is handed over."""
        asked = [self._ask(request) for request in turn]
        views = iter(self._pictures.see_together([each for each in asked if each is not None]))
        groups: dict[Predictor, _Group] = {}
        for request, each in zip(turn, asked, strict=True):
            view = None if each is None else next(views)
            if each is None or view is None:
                self._end(request)
            else:
                predictor = each.predictor
                group = groups.get(predictor)
                if group is None:
                    group = groups[predictor] = _Group(predictor)
                group.add(request, view)
        return list(groups.values())

    def _ask(self, request: Request) -> Asked | None:
        scope = request.scope
        return self._plain.read(scope["query_string"], scope["headers"], request.body)

    def _infer(self, group: _Group) -> None:
        if group.is_deserted:
            self._end_all(group)
            return
        try:
            batch = group.predictor.batch(group.views)
            logits = self._inference.run_at_once(group.predictor, batch)
        except Exception:  # noqa: BLE001 - the application meets it again, and says what it is
            self._end_all(group)
            return
        if logits is None:
            group.task = asyncio.get_running_loop().create_task(self._wait(group, batch))
            self._tasks.add(group.task)
            group.task.add_done_callback(self._tasks.discard)
        else:
            self._answer(group, logits)

    async def _wait(self, group: _Group, batch: Batch) -> None:
        refusal: HTTPException | None = None
        try:
            logits, _ = await self._inference.run_in_turn(group.predictor, batch)
        except asyncio.CancelledError:
            if not group.is_deserted:
                raise
        except HTTPException as error:
            refusal = error
        except Exception:  # noqa: BLE001, S110 - the application meets it again, and says what it is
            pass
        else:
            self._answer(group, logits)
            return
        self._end_all(group, refusal)

    def _answer(self, group: _Group, logits: Logits) -> None:
        predictor = group.predictor
        predictions = predictor.answers(group.views, logits)
        texts = [to_json(answer(predictor, prediction)) for prediction in predictions]
        for request, text in zip(group.requests, texts, strict=True):
            self._end(request, text)

    def _end_all(self, group: _Group, refusal: HTTPException | None = None) -> None:
        for request in group.requests:
            self._end(request, refusal=refusal)

    def _end(
        self, request: Request, text: bytes | None = None, refusal: HTTPException | None = None
    ) -> None:
        self._admission.leave()
        self._telemetry.in_flight.add(-1)
        if request.left:
            self._tell(request, CLIENT_LEFT)
            self._telemetry.refused(KINDS[CLIENT_LEFT])
        elif text is None:
            request.hand_over(refusal)
        else:
            request_id = self._ids.of(request.scope["headers"])
            request.answer(_REST % (len(text), REQUEST_ID, request_id, text))
            self._tell(request, _OK)

    def _tell(self, request: Request, status: int) -> None:
        self._telemetry.answered(METHOD, PATH, status, perf_counter() - request.began)

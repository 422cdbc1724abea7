"""Requests that the connection answers itself: no task, no router, no middleware.

They take the same pipeline as the routes. What the fast path may not answer, and every refusal, it
leaves to the route of the same path, which words it; the outcomes are counted by their reasons.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

from pydantic import ValidationError

from artifact.predictor import Predictor
from service.errors import Refused
from service.observability.record import CLIENT_LEFT, REQUEST_ID, Header, RequestRecord
from service.pipeline.bodies import read_picture
from service.pipeline.engine import Call, Rendered
from service.pipeline.predict import PredictChoice, PredictRequest
from service.registry import ModelRegistry
from service.state import Service
from vision.errors import TandemError

Scope = Any  # of ASGI: a dictionary whose type each server has its own of
Deliver = Callable[[Rendered | Exception], None]

_PREDICT: Final = "/predict"
_OK: Final = 200
_REST: Final = b"content-length: %d\r\n%b%b: %b\r\n\r\n%b"
_MOST_REMEMBERED: Final = 256

log = logging.getLogger(__name__)


class FallBack(Exception):
    """Leaves a request to the routes; the message is the reason that is counted."""


class Endpoint(ABC):
    """Answers the requests to some routes."""

    @abstractmethod
    def route(self, scope: Scope) -> str | None:
        """Name the route of a request by its head, as a template; None for any other route."""

    def begin(self, scope: Scope) -> None:  # noqa: B027 - most depend on nothing
        """Note what a request depends on when its head is there."""

    @abstractmethod
    def submit(self, scope: Scope, body: bytes, record: RequestRecord, deliver: Deliver) -> Call:
        """Begin with a request that is there.

        Raises:
            FallBack: It is left to the routes.
            Refused: As the route would refuse it; so does TandemError.
        """


class PredictEndpoint(Endpoint):
    """Answers `POST /predict`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._models: ModelRegistry | None = None
        self._choices: dict[bytes, tuple[Predictor, bool]] = {}

    def route(self, scope: Scope) -> str | None:
        """Name the route where it is this one."""
        return _PREDICT if scope["path"] == _PREDICT else None

    def submit(self, scope: Scope, body: bytes, record: RequestRecord, deliver: Deliver) -> Call:
        """Begin with a request that is there."""
        predictor, explain = self._choose(scope["query_string"])
        record.answered_by(predictor)
        picture = read_picture(_content_type(scope["headers"]), body, "image")
        request = PredictRequest(predictor, picture, explain)
        return self._service.predict.submit(request, deliver, record.trace)

    def _choose(self, query: bytes) -> tuple[Predictor, bool]:
        models = self._service.loaded()
        if models is not self._models or len(self._choices) > _MOST_REMEMBERED:
            self._models, self._choices = models, {}
        chosen = self._choices.get(query)
        if chosen is None:
            choice = _parse_choice(query)
            chosen = self._choices[query] = (choice.predictor(models), choice.explain)
        return chosen


class FastRequest(ABC):
    """One request for an endpoint, and where its answer goes."""

    __slots__ = ("call", "endpoint", "record", "scope")

    def __init__(self, endpoint: Endpoint, scope: Scope, record: RequestRecord) -> None:
        self.endpoint = endpoint
        self.scope = scope
        self.record = record
        self.call: Call | None = None

    @abstractmethod
    def respond(self, rest: bytes) -> None:
        """Send an answer with status 200: its last headers, an empty line, its body."""

    @abstractmethod
    def fall_back(self, error: Exception | None = None) -> None:
        """Leave the request to the application, which words the error if there is one."""


class FastPath:
    """Answers requests of which the whole body is there, and counts how each ended."""

    def __init__(self, service: Service, endpoints: Sequence[Endpoint]) -> None:
        self._admission = service.admission
        self._recorder = service.recorder
        self._endpoints = endpoints
        self.count = service.telemetry.fast_path

    def find(self, scope: Scope) -> Endpoint | None:
        """Find the endpoint of a request by its head; None where it is for other routes."""
        if scope["method"] != "POST":
            return None
        return next((each for each in self._endpoints if each.route(scope) is not None), None)

    def begin(self, endpoint: Endpoint, scope: Scope) -> RequestRecord:
        """Begin with a request whose head is there; whatever answers it ends its record."""
        endpoint.begin(scope)
        return self._recorder.begin(scope)

    def answer(self, request: FastRequest, body: bytes) -> None:
        """Answer a request when this turn of the loop is over or later, or leave it to the app."""
        if self._admission.is_full:
            self.fall_back(request, "overloaded")
            return
        self._admission.enter()

        def end(outcome: Rendered | Exception) -> None:
            self._end(request, outcome)

        try:
            request.call = request.endpoint.submit(request.scope, body, request.record, end)
        except Exception as error:  # noqa: BLE001 - told from refusals, logged and left to the app
            self._end(request, error)

    def fall_back(self, request: FastRequest, reason: str, error: Exception | None = None) -> None:
        """Leave a request to the application, and count why."""
        self.count(reason)
        request.fall_back(error)

    def leave(self, request: FastRequest) -> None:
        """Give a request up whose client has left."""
        if request.call is not None:
            request.call.cancel()
            request.call = None
        self._admission.leave()
        self.count("client-left")
        self._record(request, CLIENT_LEFT)

    def _end(self, request: FastRequest, outcome: Rendered | Exception) -> None:
        request.call = None
        self._admission.leave()
        if isinstance(outcome, Rendered):
            self.count("answered")
            request.record.sent = len(outcome.body)
            request.respond(_rest(outcome, request.record.request_id))
            self._record(request, _OK)
        elif isinstance(outcome, FallBack):
            self.fall_back(request, str(outcome))
        elif isinstance(outcome, Refused | TandemError):
            self.fall_back(request, "refused", outcome)
        else:
            log.error("the fast path failed; the route answers", exc_info=outcome)
            self.fall_back(request, "failed")

    def _record(self, request: FastRequest, status: int) -> None:
        record = request.record
        record.status, record.route = status, request.endpoint.route(request.scope)
        self._recorder.end(record)


def _parse_choice(query: bytes) -> PredictChoice:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = dict(pairs)
    try:
        if len(named) == len(pairs):
            return PredictChoice.model_validate(named)
    except ValidationError:
        pass
    raise FallBack("invalid-query")


def _content_type(headers: Sequence[Header]) -> str | None:
    for name, value in headers:
        if name == b"content-type":
            return value.decode("latin-1")
    return None


def _rest(answer: Rendered, request_id: bytes) -> bytes:
    body = answer.body
    return _REST % (len(body), _lines(answer.headers), REQUEST_ID, request_id, body)


@lru_cache(maxsize=256)
def _lines(headers: tuple[Header, ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)

"""Requests that the connection answers itself: no task, no router, no middleware.

They take the same pipeline as the routes. What the fast path may not answer, and every refusal, it
leaves to the route of the same path, which words it; the outcomes are counted by their reasons.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, Protocol
from urllib.parse import parse_qsl

from pydantic import ValidationError
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from artifact.predictor import Predictor
from service.errors import Refused
from service.observability.record import CLIENT_LEFT, REQUEST_ID, Header, RequestRecord
from service.pipeline.bodies import read_picture
from service.pipeline.engine import Call, Deliver, Endpoint, FallBack, Rendered, Scope
from service.pipeline.predict import PredictChoice, PredictRequest
from service.registry import ModelRegistry
from service.state import Service
from vision.errors import TandemError

_PREDICT: Final = "/predict"
_OK: Final = 200
_MOST_REMEMBERED: Final = 256
_LONGEST_QUERY: Final = 512  # bytes: more say nothing that a route knows

log = logging.getLogger(__name__)


class PredictEndpoint(Endpoint):
    """Answers `POST /predict`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._models: ModelRegistry | None = None
        self._choices: dict[bytes, tuple[Predictor, bool]] = {}

    def begin(self, path: str, scope: Scope) -> str | None:  # noqa: ARG002 - others look into it
        """Name the route where it is this one."""
        return _PREDICT if path == _PREDICT else None

    def submit(self, scope: Scope, body: bytes, record: RequestRecord, deliver: Deliver) -> Call:
        """Begin with a request that is there."""
        predictor, explain = self._choose(scope["query_string"])
        record.answered_by(predictor)
        declared = record.headers.get(b"content-type")
        content_type = None if declared is None else declared.decode("latin-1")
        picture = read_picture(content_type, body, "image")
        request = PredictRequest(predictor, picture, explain)
        return self._service.predict.submit(request, deliver, record.trace)

    def _choose(self, query: bytes) -> tuple[Predictor, bool]:
        models = self._service.models
        if models is not self._models or len(self._choices) > _MOST_REMEMBERED:
            self._models, self._choices = models, {}
        chosen = self._choices.get(query)
        if chosen is None:
            if len(query) > _LONGEST_QUERY:
                raise FallBack("invalid-query")
            choice = _parse_choice(query)
            predictor = choice.predictor(self._service.loaded())
            chosen = self._choices[query] = (predictor, choice.explain)
        return chosen


class Answering(Protocol):
    """The connection of a client, as far as its requests are answered here."""

    def finish(self, cycle: RequestResponseCycle, rest: bytes) -> None:
        """Answer with status 200: the last headers, an empty line, the body."""

    def fall_back(self, cycle: RequestResponseCycle, error: Exception | None) -> None:
        """Leave a request to the application, which words the error if there is one."""


@dataclass(slots=True, eq=False)
class FastRequest:
    """One request for an endpoint, and the connection that its answer goes to."""

    connection: Answering
    cycle: RequestResponseCycle
    endpoint: Endpoint
    record: RequestRecord
    call: Call | None = None


class FastPath:
    """Answers requests of which the whole body is there, and counts how each ended."""

    def __init__(self, service: Service, endpoints: Sequence[Endpoint]) -> None:
        self._admission = service.admission
        self._recorder = service.recorder
        self._endpoints = endpoints
        self._max_body_bytes = service.settings.max_body_bytes
        self._root_path = service.settings.root_path
        self._is_cross_origin = service.settings.cors_origins is not None
        self.count = service.telemetry.fast_path

    def begin(self, scope: Scope) -> tuple[Endpoint, str] | None:
        """Find the endpoint of a request whose head is there, and name its route.

        Returns:
            None where the request is for another route.
        """
        if scope["method"] == "POST":
            path = scope["path"]
            if self._root_path and path.startswith(f"{self._root_path}/"):
                path = path.removeprefix(self._root_path)
            for endpoint in self._endpoints:
                route = endpoint.begin(path, scope)
                if route is not None:
                    return endpoint, route
        return None

    def record(self, scope: Scope, route: str) -> RequestRecord:
        """Begin the record of a request; whatever answers it ends the record."""
        record = self._recorder.begin(scope)
        record.route = route
        return record

    def answer(self, request: FastRequest, body: bytes) -> None:
        """Answer a request when this turn of the loop is over or later, or leave it to the app."""
        try:
            self._admission.enter()
        except Refused:
            self.fall_back(request, "overloaded")
            return
        try:
            self._check(request.record.headers, body)
            request.call = request.endpoint.submit(
                request.cycle.scope, body, request.record, partial(self._end, request)
            )
        except Exception as error:  # noqa: BLE001 - left to the app
            self._end(request, error)  # told from refusals, and logged

    def _check(self, headers: Mapping[bytes, bytes], body: bytes) -> None:
        """Leave to the application what its middleware is for.

        Raises:
            FallBack: The body is compressed or too large, or the client is a page elsewhere.
        """
        if len(body) > self._max_body_bytes:
            raise FallBack("large-body")
        if b"content-encoding" in headers:
            raise FallBack("compressed-body")
        if self._is_cross_origin and b"origin" in headers:
            raise FallBack("cross-origin")

    def fall_back(self, request: FastRequest, reason: str, error: Exception | None = None) -> None:
        """Leave a request to the application, and count why."""
        self.count(reason)
        request.connection.fall_back(request.cycle, error)

    def leave(self, request: FastRequest) -> None:
        """Give a request up whose client has left."""
        if request.call is not None:
            request.call.cancel()
            request.call = None
        self._admission.leave()
        self.count("client-left")
        request.record.status = CLIENT_LEFT
        self._recorder.end(request.record)

    def _end(self, request: FastRequest, outcome: Rendered | Exception) -> None:
        request.call = None
        self._admission.leave()
        if isinstance(outcome, Rendered):
            self._respond(request, outcome)
        elif isinstance(outcome, FallBack):
            self.fall_back(request, str(outcome))
        elif isinstance(outcome, Refused | TandemError):
            self.fall_back(request, "refused", outcome)
        else:
            log.error("the fast path failed; the route answers", exc_info=outcome)
            self.fall_back(request, "failed")

    def _respond(self, request: FastRequest, answer: Rendered) -> None:
        body, headers = answer
        record = request.record
        request.connection.finish(
            request.cycle,
            b"content-length: %d\r\n%b%b: %b\r\n\r\n%b"
            % (len(body), _lines(headers), REQUEST_ID, record.request_id, body),
        )
        record.status, record.sent = _OK, len(body)
        self._recorder.end(record)
        self.count("answered")


def _parse_choice(query: bytes) -> PredictChoice:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = dict(pairs)
    try:
        if len(named) == len(pairs):
            return PredictChoice.model_validate(named)
    except ValidationError:
        pass
    raise FallBack("invalid-query")


@lru_cache(maxsize=256)
def _lines(headers: tuple[Header, ...]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)

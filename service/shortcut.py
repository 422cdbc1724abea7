"""`POST /predict` of a small picture, answered before the framework.

A request of the plain kind needs no router, no validation and no error handler, which take longer
than the network. Whatever is not plain, or goes wrong, is left to the route of the same path, as
if nobody had looked: so there is one place that documents the route and words its refusals.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from fastapi import HTTPException
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from artifact.errors import UnknownModel
from artifact.images import is_cheap
from artifact.predictor import Prediction, Predictor
from service.answers import answer
from service.bodies import RAW
from service.exchange import exchange_of
from service.forms import delimiter, read_single_file
from service.loaded import Models
from service.parameters import PredictChoice
from service.state import Service

PATH: Final = "/predict"
FIELD: Final = "image"
_MOST_REMEMBERED: Final = 256
_CONTENT_TYPE: Final = (b"content-type", b"application/json")


class Shortcut:
    """ASGI application in front of another one."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._most_bytes = service.settings.max_body_bytes
        self._models: Models | None = None
        self._predictors: dict[bytes, Predictor] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        predictor = self._predictor(scope["query_string"])
        if predictor is None:
            await self._app(scope, receive, send)
            return
        try:
            message = await receive()
            text = await self._answer(scope, predictor, message)
        except HTTPException as refusal:
            await self._app(scope, _failing(refusal), send)
            return
        if text is None:
            await self._app(scope, _again(message, receive), send)
        else:
            await _send(text, send)

    def _predictor(self, query: bytes) -> Predictor | None:
        """Find out who is asked; None where that is not plain."""
        models = self._service.models
        if models is None:
            return None
        if models is not self._models or len(self._predictors) > _MOST_REMEMBERED:
            self._models, self._predictors = models, {}
        predictor = self._predictors.get(query)
        if predictor is None:
            predictor = _choose(models, query)
            if predictor is not None:
                self._predictors[query] = predictor
        return predictor

    def _picture(self, headers: Iterable[tuple[bytes, bytes]], message: Message) -> bytes | None:
        """Find the one picture of a request whose whole body is there; None otherwise."""
        body: bytes = message.get("body", b"")
        if message.get("more_body") or not 0 < len(body) <= self._most_bytes:
            return None
        declared = _declared(headers)
        if declared is None or declared == RAW.encode() or declared.startswith(b"image/"):
            return body
        between = delimiter(declared)
        return None if between is None else read_single_file(body, between, FIELD)

    async def _answer(self, scope: Scope, predictor: Predictor, message: Message) -> bytes | None:
        data = self._picture(scope["headers"], message)
        if data is None or not is_cheap(data):
            return None
        try:
            prediction = await self._predict(predictor, data)
        except HTTPException:
            raise
        except Exception:  # noqa: BLE001 - the route meets it again, and says what it is
            return None
        if prediction is None:
            return None
        exchange = exchange_of(scope)
        exchange.route = PATH
        exchange.answered_by(predictor)
        return to_json(answer(predictor, prediction))

    async def _predict(self, predictor: Predictor, data: bytes) -> Prediction | None:
        pictures = self._service.pictures
        if pictures.pace.is_over:
            await pictures.pace.begin()
        view = pictures.view_at_once(pictures.decode_small(data), predictor.manifest.input)
        if view is None:
            return None
        logits = await self._service.inference.run(predictor, predictor.batch([view]))
        [prediction] = predictor.answers([view], logits)
        return prediction


def _choose(models: Models, query: bytes) -> Predictor | None:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = dict(pairs)
    if len(named) < len(pairs):
        return None
    try:
        choice = PredictChoice.model_validate(named)
        model = models.get(choice.model, choice.version)
    except (ValidationError, UnknownModel):
        return None
    if choice.explain:
        return None
    try:
        return model.predictor(choice.runtime)
    except UnknownModel:
        return None


def _declared(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    for name, value in headers:
        if name == b"content-type":
            return value
    return None


def _again(message: Message, receive: Receive) -> Receive:
    """Give what was received already to whoever comes next."""
    first: list[Message] = [message]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again


def _failing(refusal: HTTPException) -> Receive:
    async def receive_refused() -> Message:
        raise refusal

    return receive_refused


async def _send(text: bytes, send: Send) -> None:
    length = (b"content-length", str(len(text)).encode())
    headers = [length, _CONTENT_TYPE]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})

"""Plain requests to `POST /predict`, answered before the framework, on any ASGI server.

uvicorn's own connections (`service.server.connection`) answer most of them earlier still.
"""

from typing import Final

from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Refused
from service.observability.recorder import record_of
from service.pipeline.answers import answer
from service.pipeline.plain import METHOD, PATH, Plain
from service.state import Service

_CONTENT_TYPE: Final = (b"content-type", b"application/json")


class Shortcut:
    """ASGI application in front of another one."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._plain = Plain(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != METHOD:
            await self._app(scope, receive, send)
            return
        if self._plain.predictor(scope["query_string"]) is None:
            await self._app(scope, receive, send)
            return
        try:
            message = await receive()
            text = await self._answer(scope, message)
        except Refused as refusal:
            await self._app(scope, failing(refusal), send)
            return
        if text is None:
            await self._app(scope, _again(message, receive), send)
        else:
            await _send(text, send)

    async def _answer(self, scope: Scope, message: Message) -> bytes | None:
        if message.get("more_body"):
            return None
        try:
            return await self._predict(scope, message.get("body", b""))
        except Refused:
            raise
        except Exception:  # noqa: BLE001 - the route meets it again, and says what it is
            return None

    async def _predict(self, scope: Scope, body: bytes) -> bytes | None:
        pace = self._service.pictures.pace
        if pace.is_over:
            await pace.begin()
        asked = self._plain.read(scope["query_string"], scope["headers"], body)
        if asked is None:
            return None
        predictor, data = asked
        view = self._service.pictures.see_at_once(data, predictor.manifest.input)
        if view is None:
            return None
        logits = await self._service.inference.run(predictor, predictor.batch([view]))
        [prediction] = predictor.answers([view], logits)
        record = record_of(scope)
        record.route = PATH
        record.answered_by(predictor)
        return to_json(answer(predictor, prediction))


def failing(refusal: Refused) -> Receive:
    """Have whoever receives next meet a refusal, so that it words it."""

    async def receive_refused() -> Message:
        raise refusal

    return receive_refused


def _again(message: Message, receive: Receive) -> Receive:
    """Give what was received already to whoever comes next."""
    first: list[Message] = [message]

    async def receive_again() -> Message:
        return first.pop() if first else await receive()

    return receive_again


async def _send(text: bytes, send: Send) -> None:
    length = (b"content-length", str(len(text)).encode())
    headers = [length, _CONTENT_TYPE]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})

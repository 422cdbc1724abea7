"""What wraps the routes: bounds of addresses, HEAD, and pages of other origins (CORS)."""

from collections.abc import Sequence
from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import answer
from service.errors import Refused

_EXPOSED: Final = ("ETag", "Inference-Header-Content-Length", "Retry-After", "X-Request-ID")
_MAX_PATH: Final = 2048  # characters
_MAX_QUERY: Final = 8192  # bytes
_MAX_PARAMETERS: Final = 256


class AddressLimits:
    """ASGI application in front of another one, which parses addresses of bounded length."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        app = self._app if scope["type"] != "http" or _is_bounded(scope) else _refuse_address
        await app(scope, receive, send)


class HeadRequests:
    """ASGI application in front of another one, which answers HEAD as GET; the body stays here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if "body" in message else message)

        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive, send_without_body)
        finally:
            scope["route"] = as_get.get("route")  # for those who watch from outside


def cross_origin(app: ASGIApp, origins: Sequence[str] | None) -> ASGIApp:
    """Let pages of those origins read every answer of an application; None: of no other origin."""
    if origins is None:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST"),
        allow_headers=("*",),
        expose_headers=_EXPOSED,
    )


def _is_bounded(scope: Scope) -> bool:
    query: bytes = scope["query_string"]
    return (
        len(scope["path"]) <= _MAX_PATH
        and len(query) <= _MAX_QUERY
        and query.count(b"&") < _MAX_PARAMETERS
    )


async def _refuse_address(scope: Scope, receive: Receive, send: Send) -> None:
    message = (
        f"the address is too long: at most {_MAX_PATH} characters of path, {_MAX_QUERY} bytes of "
        f"query and {_MAX_PARAMETERS} parameters are accepted"
    )
    await answer(Request(scope), Refused(414, message))(scope, receive, send)

"""Inference, answered before the framework.

The router, and what the framework puts around a route, take longer than a small network. Whatever
goes wrong here is raised once more in the route of the same path: so there is one place that
documents it, and one that words its refusals.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.exchange import exchange_of
from service.state import Service
from service.v2.errors import PREFIX
from service.v2.infer import run

_START: Final = f"{PREFIX}/models/"
_END: Final = "/infer"
_LATEST: Final = f"{PREFIX}/models/{{name}}/infer"
_VERSION: Final = f"{PREFIX}/models/{{name}}/versions/{{version}}/infer"


class InferShortcut:
    """ASGI application in front of another one."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        named = _named(scope) if scope["type"] == "http" else None
        if named is None:
            await self._app(scope, receive, send)
            return
        name, version = named
        try:
            found = await run(self._service, scope, receive, name, version)
        except Exception as error:  # noqa: BLE001 - the route meets it again, and says what it is
            await self._app(scope, _failing(error), send)
            return
        exchange_of(scope).route = _LATEST if version is None else _VERSION
        headers = [(key.lower().encode(), value.encode()) for key, value in found.fields.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": found.data})


def _named(scope: Scope) -> tuple[str, str | None] | None:
    """Find out which model and version a request is for; None where it is not to infer."""
    path: str = scope["path"]
    if not (path.startswith(_START) and path.endswith(_END) and scope["method"] == "POST"):
        return None
    match path[len(_START) : -len(_END)].split("/"):
        case [name]:
            return name, None
        case [name, "versions", version]:
            return name, version
    return None


def _failing(error: Exception) -> Receive:
    async def receive_failure() -> Message:
        raise error

    return receive_failure

"""Inference, answered before the framework.

The router, and what the framework puts around a route, take longer than a small network. Whatever
goes wrong here is raised once more in the route of the same path: so there is one place that
documents it, and one that words its refusals.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.observability.recorder import record_of
from service.state import Service
from service.v2.infer import run
from service.v2.lookup import named_model, route_of


class InferShortcut:
    """ASGI application in front of another one."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        named = named_model(scope) if scope["type"] == "http" else None
        if named is None:
            await self._app(scope, receive, send)
            return
        try:
            found = await run(self._service, scope, receive, *named)
        except Exception as error:  # noqa: BLE001 - the route meets it again, and says what it is
            await self._app(scope, _failing(error), send)
            return
        record_of(scope).route = route_of(*named)
        start = {"type": "http.response.start", "status": 200, "headers": found.raw_fields()}
        await send(start)
        await send({"type": "http.response.body", "body": found.data})


def _failing(error: Exception) -> Receive:
    async def receive_failure() -> Message:
        raise error

    return receive_failure

"""Headers of every answer that tell a browser what it may do with it: constant, and made once."""

from collections.abc import Awaitable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A route that needs another one says so itself.
HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        b"frame-ancestors 'none'; form-action 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
)
LINES: Final = b"".join(b"%b: %b\r\n" % header for header in HEADERS)


class BrowserHeaders:
    """ASGI application in front of another one, whose answers get those that they lack."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""

        def guarded(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                sent = message["headers"]
                names = {name for name, _ in sent}
                added = [header for header in HEADERS if header[0] not in names]
                message = {**message, "headers": [*added, *sent]}
            return send(message)

        await self._app(scope, receive, guarded)

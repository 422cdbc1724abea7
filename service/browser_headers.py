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


def with_browser_headers(app: ASGIApp) -> ASGIApp:
    """Give the answers of an application those that they lack."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        def send_guarded(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                sent = message["headers"]
                names = {name for name, _ in sent}
                added = [header for header in HEADERS if header[0] not in names]
                message = {**message, "headers": [*added, *sent]}
            return send(message)

        await app(scope, receive, send_guarded)

    return guarded

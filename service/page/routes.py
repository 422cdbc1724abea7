"""The page at / and its files; every answer of the service carries headers that a browser obeys."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STATIC: Final = Path(__file__).parent / "static"
_LOADED_BY: Final = frozenset({"GET", "HEAD"})  # the methods by which a browser loads a page
# What a browser may do with any such answer; a route that needs more says so itself.
_HEADERS: Final = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def index() -> FileResponse:
    """Serve the page."""
    return FileResponse(_STATIC / "index.html", headers={"Cache-Control": "no-cache"})


def install_page(app: FastAPI) -> None:
    """Serve the page and its files."""
    app.include_router(router)
    app.mount("/page", StaticFiles(directory=_STATIC), name="page")


class BrowserHeaders:
    """ASGI middleware: adds to what a browser loads what keeps it from misusing that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] not in _LOADED_BY:
            await self._app(scope, receive, send)
            return

        def guarded(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            return send(message)

        await self._app(scope, receive, guarded)

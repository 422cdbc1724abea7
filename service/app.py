"""The application: its routes, what wraps them, and what it loads when it starts."""

import itertools
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import (
    benchmark,
    comparison,
    datasets,
    docs,
    evidence,
    layers,
    models,
    predict,
    studies,
    why,
)
from service.api.docs import DESCRIPTION, TAGS, with_examples
from service.api.errors import answer, install_handlers
from service.api.parameters import LONG_ADDRESS, refuse_repeated
from service.browser_headers import with_browser_headers
from service.errors import Refused
from service.limits.body import with_limits
from service.limits.encoding import with_decoded_bodies
from service.observability.recorder import recorded
from service.observability.shared import SharedFolder
from service.page import install_page
from service.settings import Settings
from service.startup import loading, with_plain_failure
from service.state import Service
from service.v2 import routes as open_inference

_ROUTES: Final = (
    predict,
    why,
    models,
    evidence,
    datasets,
    comparison,
    studies,
    benchmark,
    layers,
    docs,
)
# Those of `recorded` cover what never reaches FastAPI. Releases that make none ignore it.
_NO_SPANS_OF_ITS_OWN: Final[Any] = {"tracing": False, "metrics": False, "logs": False}
_EXPOSED: Final = ("ETag", "Inference-Header-Content-Length", "Retry-After", "X-Request-ID")
_MAX_PATH: Final = 2048  # characters
_MAX_QUERY: Final = 8192  # bytes
_MAX_PARAMETERS: Final = 256


def create_app(settings: Settings, folder: SharedFolder | None = None) -> FastAPI:
    """Build the service; it loads the models when a server starts it.

    Args:
        settings: Of the process.
        folder: What it shares with other workers; None where it serves alone.
    """
    service = Service(settings, folder)
    app = _Application(
        title="Tandem",
        version=version("tandem"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=loading(service),
        openapi_url=None,  # service.api.docs has it, and pages without another host
        dependencies=[Depends(refuse_repeated)],
        telemetry=_NO_SPANS_OF_ITS_OWN,
    )
    app.state.service = service
    install_handlers(app)
    app.add_middleware(with_plain_failure)
    for routes in _ROUTES:
        app.include_router(routes.router, responses=LONG_ADDRESS)
    app.include_router(open_inference.router)
    docs.mount_assets(app)
    if settings.page:
        install_page(app)
    return app


class _Application(FastAPI):
    """Recorded from outside all its layers, so that no answer escapes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve below the root path too, where a proxy passes on paths as they come."""
        root_path = self.state.service.settings.root_path
        if root_path and scope["type"] == "http":
            path = scope["path"]
            below = path.removeprefix(root_path) if path.startswith(f"{root_path}/") else path
            scope = {**scope, "path": below, "root_path": root_path}
        await super().__call__(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        service: Service = self.state.service
        settings = service.settings
        app = with_decoded_bodies(super().build_middleware_stack(), settings.max_body_bytes)
        limited = bounded(with_head(with_limits(app, service.admission, settings)))
        public = with_browser_headers(cross_origin(limited, settings.cors_origins))
        return recorded(public, service.recorder)

    def openapi(self) -> docs.Document:
        # What exists, so that what the documentation shows works when tried.
        service: Service = self.state.service
        examples: dict[str, str] = {}
        if service.models is not None and service.models.default in service.models:
            manifest = service.models.get().manifest
            examples |= {"name": manifest.name, "version": str(manifest.version)}
        for stored in itertools.islice(service.studies or (), 1):
            examples["study"] = stored.study.name
        for published in itertools.islice(service.datasets, 1):
            examples["dataset"] = published.dataset.name
        return with_examples(super().openapi(), examples)


def bounded(app: ASGIApp) -> ASGIApp:
    """Refuse addresses that are too long before an application parses them."""

    async def check(scope: Scope, receive: Receive, send: Send) -> None:
        accepted = scope["type"] != "http" or _is_bounded(scope)
        await (app if accepted else _refuse_address)(scope, receive, send)

    return check


def with_head(app: ASGIApp) -> ASGIApp:
    """Have an application answer HEAD as it answers GET; the body stays here."""

    async def answer_head(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if "body" in message else message)

        if scope["type"] != "http" or scope["method"] != "HEAD":
            await app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}
        try:
            await app(as_get, receive, send_without_body)
        finally:
            scope["route"] = as_get.get("route")  # for those who watch from outside

    return answer_head


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

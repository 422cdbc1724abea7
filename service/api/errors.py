"""How every error that reaches the application is answered."""

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Mount

from service.errors import RETRY, InvalidField, Refused, kind_of, status_of
from service.observability.record import CLIENT_LEFT
from service.observability.recorder import record_of
from service.v2.lookup import is_open_inference
from vision.errors import TandemError

_METHODS: Final = ("GET", "HEAD", "POST")
# Under /v2, everything that is wrong with a request is 400.
_V2_STATUS: Final[Mapping[int, int]] = {414: 400, 415: 400, 422: 400}
UNEXPECTED: Final = "the service failed to answer; its log says why"

log = logging.getLogger(__name__)


def install_handlers(app: FastAPI) -> None:
    """Have the app answer every error that reaches it."""
    for kind in (TandemError, Refused, HTTPException, RequestValidationError, ClientDisconnect):
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(Exception, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, ClientDisconnect):
        return Response(status_code=CLIENT_LEFT)  # nobody reads it; the telemetry counts it
    if isinstance(error, InvalidField):
        problem = {"type": error.problem, "loc": error.where, "msg": str(error), "input": None}
        error = RequestValidationError([problem])
    if isinstance(error, RequestValidationError) and not is_open_inference(request.scope["path"]):
        return await request_validation_exception_handler(request, error)
    return answer(request, _refusal(request, error))


def _refusal(request: Request, error: Exception) -> Refused:
    match error:
        case TandemError():
            record_of(request.scope).kind = kind_of(type(error))
            status = status_of(error)
            return Refused(status, str(error), RETRY if status == 503 else None)
        case Refused():
            record_of(request.scope).kind = error.kind
            return error
        case RequestValidationError():
            return Refused(422, _summary(error))
        case HTTPException(status_code=405):
            accepted = ", ".join(_allowed_methods(request))
            message = f"{request.method[:20]} is not accepted here; accepted: {accepted}"
            return Refused(405, message, {"Allow": accepted})
        case HTTPException():
            return Refused(error.status_code, error.detail, error.headers)
    # The server logs the traceback; this says which request it belongs to.
    log.error("%s %r failed: %s", request.method, request.url.path, type(error).__name__)
    return Refused(500, UNEXPECTED)


def answer(request: Request, refused: Refused) -> Response:
    """Word a refusal as the clients of its path read it."""
    if is_open_inference(request.scope["path"]):
        status = _V2_STATUS.get(refused.status, refused.status)
        return JSONResponse({"error": str(refused)}, status, refused.headers)
    return JSONResponse({"detail": str(refused)}, refused.status, refused.headers)


def _allowed_methods(request: Request) -> list[str]:
    """List the methods that a request's path takes: HEAD wherever GET."""
    return [method for method in _METHODS if _is_routed(request, method)] or ["GET", "HEAD"]


def _is_routed(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": "GET" if method == "HEAD" else method}
    return any(
        route.matches(scope)[0] is Match.FULL
        for route in request.app.routes
        if not isinstance(route, Mount)  # static files, which take every method and refuse later
    )


def _summary(error: RequestValidationError) -> str:
    """Say in one line what is wrong with the parameters of a request."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
    )

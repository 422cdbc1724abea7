"""How every error that reaches the application is answered."""

import logging
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
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

_NOT_ALLOWED: Final = 405
_METHODS: Final = ("GET", "HEAD", "POST")
# Under /v2, everything that is wrong with a request is 400.
_V2_STATUS: Final[Mapping[int, int]] = {414: 400, 415: 400, 422: 400}
UNEXPECTED: Final = "the service failed to answer; its log says why"

log = logging.getLogger(__name__)


def install_handlers(app: FastAPI) -> None:
    """Have the app answer every error that reaches it."""
    app.add_exception_handler(TandemError, _answer_tandem)
    app.add_exception_handler(Refused, _answer_refused)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_unexpected)


async def _answer_tandem(request: Request, error: Exception) -> Response:
    if not isinstance(error, TandemError):
        raise error
    record_of(request.scope).kind = kind_of(type(error))
    status = status_of(error)
    return answer(request, Refused(status, str(error), RETRY if status == 503 else None))


async def _answer_refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refused):
        raise error
    record_of(request.scope).kind = error.kind
    if isinstance(error, InvalidField):
        problem = {"type": error.problem, "loc": error.where, "msg": str(error), "input": None}
        return await _answer_invalid(request, RequestValidationError([problem]))
    return answer(request, error)


async def _answer_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == _NOT_ALLOWED:
        accepted = ", ".join(_allowed_methods(request))
        message = f"{request.method[:20]} is not accepted here; accepted: {accepted}"
        return answer(request, Refused(_NOT_ALLOWED, message, {"Allow": accepted}))
    if is_open_inference(request.scope["path"]):
        return _v2_response(error.detail, error.status_code, error.headers)
    return await http_exception_handler(request, error)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if is_open_inference(request.scope["path"]):
        return _v2_response(_summary(error), 422)
    return await request_validation_exception_handler(request, error)


async def _answer_nobody(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_LEFT)  # nobody reads it; the telemetry counts it


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    # The server logs the traceback; this says which request it belongs to.
    log.error("%s %r failed: %s", request.method, request.url.path, type(error).__name__)
    return answer(request, Refused(500, UNEXPECTED))


def answer(request: Request, refused: Refused) -> Response:
    """Word a refusal as the clients of its path read it."""
    if is_open_inference(request.scope["path"]):
        return _v2_response(str(refused), refused.status, refused.headers)
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


def _v2_response(why: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer with an error as the protocol's clients read it."""
    return JSONResponse({"error": why}, _V2_STATUS.get(status, status), headers)


def _summary(error: RequestValidationError) -> str:
    """Say in one line what is wrong with the parameters of a request."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
    )

"""Which status each refusal gets; the words come from where it was refused.

Every error answers `{"detail": ...}`, as FastAPI's own do; under /v2, as its protocol has it.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from fastapi import FastAPI, HTTPException, Request
from fastapi.exception_handlers import (
    http_exception_handler,
    request_validation_exception_handler,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import ClientDisconnect

from artifact.errors import BrokenArtifact, RuntimeUnavailable, UnknownModel, UnknownStudy
from service.observability.record import CLIENT_LEFT
from service.observability.recorder import record_of
from service.v2.errors import error_response, is_open_inference, summary
from vision.errors import TandemError, TooLarge, Undecodable, UnsupportedType

STATUS: Final[Mapping[type[TandemError], int]] = {
    Undecodable: 400,
    UnknownModel: 404,
    UnknownStudy: 404,
    RuntimeUnavailable: 404,  # asking again does not install it
    TooLarge: 413,
    UnsupportedType: 415,
    BrokenArtifact: 500,  # changed on disk since it was verified at start-up
}
RETRY: Final[Mapping[str, str]] = {"Retry-After": "1"}
UNEXPECTED: Final = "the service failed to answer; its log says why"
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")

log = logging.getLogger(__name__)


def status_of(error: TandemError) -> int:
    """Say which status the error is answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


class Unavailable(HTTPException):
    """Refused for now: whoever asked may ask again in a second."""

    def __init__(self, kind: Literal["not-ready", "overloaded"], why: str) -> None:
        super().__init__(503, why, headers=dict(RETRY))
        self.kind = kind


def not_ready(why: str) -> Unavailable:
    """Refuse because the models are not loaded yet, or no longer."""
    return Unavailable("not-ready", why)


def overloaded(why: str) -> Unavailable:
    """Refuse because there is more to do than can be done in time."""
    return Unavailable("overloaded", why)


def kind_of(error: type[TandemError]) -> str:
    """Name the reason of a refusal, as metrics and logs have it: `TooLarge` is `too-large`."""
    return _CAPITAL.sub("-", error.__name__).lower()


def invalid(where: tuple[str, ...], kind: str, message: str) -> RequestValidationError:
    """Refuse a field of the body or a parameter, in the shape of FastAPI's own refusals."""
    problem: dict[str, Any] = {"type": kind, "loc": where, "msg": message, "input": None}
    return RequestValidationError([problem])


def install_handlers(app: FastAPI) -> None:
    """Have the app answer every error that reaches it."""
    app.add_exception_handler(TandemError, _refuse)
    app.add_exception_handler(AnyHTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(ClientDisconnect, _abandon)
    app.add_exception_handler(Exception, _apologise)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, TandemError):
        raise error
    record_of(request.scope).kind = kind_of(type(error))
    return _plain(request, str(error), status_of(error))


async def _answer_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, AnyHTTPException):
        raise error
    if isinstance(error, Unavailable):
        record_of(request.scope).kind = error.kind
    if is_open_inference(request):
        return error_response(error.detail, error.status_code, error.headers)
    return await http_exception_handler(request, error)


async def _answer_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if is_open_inference(request):
        return error_response(summary(error), 422)
    return await request_validation_exception_handler(request, error)


async def _abandon(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_LEFT)  # nobody reads it; the telemetry counts it


async def _apologise(request: Request, error: Exception) -> JSONResponse:
    # The server logs the traceback; this says which request it belongs to.
    log.error("%s %r failed: %s", request.method, request.url.path, type(error).__name__)
    return _plain(request, UNEXPECTED, 500)


def _plain(request: Request, why: str, status: int) -> JSONResponse:
    if is_open_inference(request):
        return error_response(why, status)
    return JSONResponse({"detail": why}, status)

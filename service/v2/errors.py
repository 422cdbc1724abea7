"""How the protocol has errors answered: `{"error": ...}`, and of few statuses."""

from collections.abc import Mapping
from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from service.errors import Refused

PREFIX: Final = "/v2"
# Everything that is wrong with a request is 400 there.
_STATUS: Final[Mapping[int, int]] = {414: 400, 415: 400, 422: 400}


def refusal(message: str) -> Refused:
    """Refuse a request that is wrong in itself."""
    return Refused(400, message)


def is_open_inference(request: Request) -> bool:
    """Whether a request was sent to the protocol's part of the service."""
    path: str = request.scope["path"]
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def error_response(why: str, status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Answer with an error as the protocol's clients read it."""
    return JSONResponse({"error": why}, _STATUS.get(status, status), headers)


def summary(error: RequestValidationError) -> str:
    """Say in one line what is wrong with the parameters of a request."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
    )

"""Why a request is refused, as a small tree that knows no framework.

TandemError              of vision.errors: what a picture, an artifact or a name is refused for
Refused                  the request itself: its status, what was wrong and what is accepted
├── InvalidField         422: a parameter, or a field of the body
└── Unavailable          503 with Retry-After: the same request may succeed a second later

`service.api.errors` answers them as `{"detail": ...}`; under /v2, as its protocol has it.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal

from artifact.errors import (
    BrokenArtifact,
    NothingLoaded,
    RuntimeUnavailable,
    UnknownDataset,
    UnknownModel,
    UnknownStudy,
)
from vision.errors import TandemError, TooLarge, Undecodable, UnsupportedType

STATUS: Final[Mapping[type[TandemError], int]] = {
    Undecodable: 400,
    UnknownModel: 404,
    UnknownStudy: 404,
    UnknownDataset: 404,
    RuntimeUnavailable: 404,  # asking again does not install it
    TooLarge: 413,
    UnsupportedType: 415,
    BrokenArtifact: 500,  # changed on disk since it was verified at start-up, or damaged then
    NothingLoaded: 503,
}
RETRY: Final[Mapping[str, str]] = {"Retry-After": "1"}
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class Refused(Exception):
    """A request that is not answered.

    Attributes:
        headers: That the answer has beside its own.
    """

    kind: str | None = None  # the reason as metrics and logs have it; None where the status says it

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class InvalidField(Refused):
    """A parameter, or a field of the body, that is not as it should be."""

    def __init__(self, where: tuple[str, ...], problem: str, message: str) -> None:
        """Name the place and the problem as FastAPI's own refusals do."""
        super().__init__(422, message)
        self.where = where
        self.problem = problem


class Unavailable(Refused):
    """A request that may succeed a second later."""

    def __init__(self, kind: Literal["not-ready", "overloaded"], message: str) -> None:
        super().__init__(503, message, RETRY)
        self.kind = kind


def malformed(message: str) -> Refused:
    """Refuse a request that is wrong in itself."""
    return Refused(400, message)


def not_ready(message: str) -> Unavailable:
    """Refuse because the models are not loaded yet, or no longer."""
    return Unavailable("not-ready", message)


def overloaded(message: str) -> Unavailable:
    """Refuse because there is more to do than can be done in time."""
    return Unavailable("overloaded", message)


def status_of(error: TandemError) -> int:
    """Say which status the error is answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def kind_of(error: type[TandemError]) -> str:
    """Name the reason of a refusal, as metrics and logs have it: `TooLarge` is `too-large`."""
    return _CAPITAL.sub("-", error.__name__).lower()

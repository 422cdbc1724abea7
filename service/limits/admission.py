"""How many requests for predictions are let in: no more than can be answered in time."""

import re
from typing import Final

from service.errors import Unavailable, overloaded
from service.settings import Settings

_ROUTES: Final = frozenset({"/predict", "/predict/batch", "/compare", "/explain", "/nearest"})
INFER_PATH: Final = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?/infer")


def admitted_route(method: str, path: str) -> str | None:
    """Name the route, as a template, of a request that has to be let in; None for all others."""
    if method != "POST":
        return None
    if path in _ROUTES:
        return path
    match = INFER_PATH.fullmatch(path)
    return None if match is None else infer_route(match[2])


def infer_route(version: str | None) -> str:
    """Name the route, as a template, of a request to infer with that version or none."""
    return f"/v2/models/{{name}}{'/versions/{version}' if version else ''}/infer"


class Admission:
    """Counts the requests inside, and the bytes of those that are still arriving.

    A request is inside from the moment that its body is complete until it is answered: one that
    is slow to arrive takes no place.
    """

    def __init__(self, settings: Settings) -> None:
        self._max_in_flight = settings.max_in_flight
        self._max_upload_bytes = settings.upload_bytes
        self._in_flight = 0
        self._upload_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the next request is refused."""
        return self._in_flight >= self._max_in_flight

    def refusal(self) -> Unavailable:
        """Word the refusal of the next request."""
        return overloaded(
            f"the service is at its limit of {self._max_in_flight} requests at once; try again in "
            "a second"
        )

    def enter(self) -> None:
        """Let one request in.

        Raises:
            Unavailable: There is no room.
        """
        if self.is_full:
            raise self.refusal()
        self._in_flight += 1

    def leave(self) -> None:
        """Make room again."""
        self._in_flight -= 1

    def hold(self, upload_bytes: int) -> None:
        """Take so many bytes of a body that is still arriving.

        Raises:
            Unavailable: Too many bytes are arriving already.
        """
        if self._upload_bytes + upload_bytes > self._max_upload_bytes:
            raise overloaded(
                f"the bodies that are arriving have more than {self._max_upload_bytes} bytes "
                "together; try again in a second"
            )
        self._upload_bytes += upload_bytes

    def release(self, upload_bytes: int) -> None:
        """Give those bytes back."""
        self._upload_bytes -= upload_bytes

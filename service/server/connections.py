"""What all connections of one server have in common: their limits, their number, their log."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from heapq import nsmallest
from math import inf
from time import monotonic
from typing import Final, Protocol

try:
    import resource
except ImportError:  # not on Windows, which has no such limit
    resource = None  # type: ignore[assignment]  # a module elsewhere

from service.server.refusals import Refusal

_SECONDS_BETWEEN_LINES: Final = 1
_OTHER_FILES: Final = 64  # models, the log, the listening socket, what a route reads
_FULL: Final = "too-many-connections"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConnectionLimits:
    """What the clients of one process may take.

    Attributes:
        head_seconds: Longest time from the first byte of a head, or from a connection being new,
            to the end of the head.
        send_seconds: Longest time in which a client reads nothing of an answer that waits for it.
    """

    head_bytes: int = 32_768  # most bytes of one request's head
    head_lines: int = 100  # most header lines of one request
    head_seconds: float = 10
    send_seconds: float = 30
    connections: int = 4096  # most connections that are open at once


def fit_to_open_files(connections: int) -> int:
    """Have the system allow a file for each connection, as far as it does.

    Returns:
        How many of the connections fit.
    """
    if resource is None:
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, soft - _OTHER_FILES)
    return connections


class Waiting(Protocol):
    """A connection, as far as making room needs it."""

    def waits_until(self) -> float | None:
        """When it ends if nothing arrives, in the loop's time; None while it is answered."""
        ...

    def abort(self, kind: str, message: str) -> None:
        """End it at once; count and log why."""
        ...


class Connections:
    """The connections of one server."""

    def __init__(self, limits: ConnectionLimits, count: Callable[[str], None]) -> None:
        """Prepare to count each refusal, by its kind."""
        self.limits = limits
        self.draining = False
        self._count = count
        self._told: dict[str, tuple[float, int]] = {}

    def refused(self, kind: str, message: str, client: object) -> None:
        """Count a connection that is ended, and log it: one line a second for each kind."""
        self._count(kind)
        now = monotonic()
        told, untold = self._told.get(kind, (-inf, 0))
        if now - told < _SECONDS_BETWEEN_LINES:
            self._told[kind] = told, untold + 1
            return
        self._told[kind] = now, 0
        more = f"; {untold} more of this kind since the last line" if untold else ""
        log.warning("ended the connection of %s: %s%s", client, message, more)

    def make_room(self, open_now: Collection[Waiting]) -> Refusal | None:
        """End the connections that would have ended first, one in a hundred.

        Returns:
            What a new client is told where every other connection is being answered.
        """
        message = f"{self.limits.connections} connections are open, the most allowed"
        ends = {other: until for other in open_now if (until := other.waits_until()) is not None}
        if not ends:
            return Refusal(503, _FULL, f"{message}; try again in a second", retry_seconds=1)
        for other in nsmallest(1 + len(open_now) // 100, ends, key=ends.__getitem__):
            other.abort(_FULL, message)
        return None

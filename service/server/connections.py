"""What all connections of one server have in common: their limits, their number, their log."""

import logging
from collections.abc import Callable, Collection
from heapq import nsmallest
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final

try:
    import resource
except ImportError:  # not on Windows, which has no such limit
    resource = None  # type: ignore[assignment]  # a module elsewhere

from service.server.refusals import Refusal
from service.settings import Settings

if TYPE_CHECKING:
    from service.server.lifetime import Lifetime  # of one connection, which knows of all

_SECONDS_BETWEEN_LINES: Final = 1
_OTHER_FILES: Final = 64  # models, the log, the listening socket, what a route reads
_FULL: Final = "too-many-connections"

log = logging.getLogger(__name__)


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


class Connections:
    """The connections of one server."""

    def __init__(self, settings: Settings, count: Callable[[str], None]) -> None:
        """Prepare to count each refusal, by its kind."""
        self.settings = settings
        self.most = fit_to_open_files(settings.max_connections)
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

    def make_room(self, open_now: Collection["Lifetime"]) -> Refusal | None:
        """End the connections that would have ended first, one in a hundred.

        Returns:
            What a new client is told where every other connection is being answered.
        """
        message = f"{self.most} connections are open, the most allowed"
        ends = {other: until for other in open_now if (until := other.waits_until()) is not None}
        if not ends:
            return Refusal(503, _FULL, f"{message}; try again in a second", retry_seconds=1)
        for other in nsmallest(1 + len(open_now) // 100, ends, key=ends.__getitem__):
            other.abort(_FULL, message)
        return None

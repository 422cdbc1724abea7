"""What all connections of one server have in common: their limits, their number, their log."""

import logging
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Final

try:
    import resource
except ImportError:  # not on Windows, which has no such limit
    resource = None  # type: ignore[assignment]  # a module elsewhere

from service.settings import Settings

_SECONDS_BETWEEN_LINES: Final = 1
_OTHER_FILES: Final = 64  # models, the log, the listening socket, what a route reads

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

"""Several worker processes that serve one port, started anew when they crash.

The supervisor binds one socket, and all workers accept from it: a connection that no worker has
accepted yet is answered by whichever is free, so that nothing waits for a worker that loads, hangs
or has crashed. (With a socket for each worker, SO_REUSEPORT, the kernel would give a hung one its
share of the connections.) The first worker that has loaded listens; until then they are refused.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import inf
from types import FrameType
from typing import Final

from service.observability.shared import VARIABLE, SharedFolder, shared_folder
from service.server.sockets import bind
from service.settings import Settings

_WORKER: Final = (sys.executable, "-m", "service.server.worker")
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_TICK_SECONDS: Final = 0.05
_FIRST_PAUSE: Final = 0.1
_MOST_CRASHES: Final = 5
_STABLE_SECONDS: Final = 60
# Beyond what a worker allows itself to finish.
_GRACE_SECONDS: Final = 5
_FAILURE: Final = 1

log = logging.getLogger(__name__)


@dataclass
class _Place:
    """One of the workers, by its number, through all the processes that take the place."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    start_at: float = inf
    started_at: float = 0
    crashes: int = 0


class Supervisor:
    """Keeps the workers of one service alive until it is told to stop."""

    def __init__(self, settings: Settings, command: Sequence[str] = _WORKER) -> None:
        """Prepare to run the command for each, with its number, the socket and our id added."""
        self._settings = settings
        self._command = command
        self._places = [_Place(number) for number in range(settings.workers)]
        self._signals: list[int] = []
        self._status: int | None = None
        self._kill_at = inf
        self._complete = False

    def run(self) -> int:
        """Serve until a signal says to stop, or nothing helps; give the status to exit with.

        Raises:
            OSError: The address is taken, or is none of this machine.
        """
        with ExitStack() as stack:
            listener = stack.enter_context(bind(self._settings.host, self._settings.port))
            folder = stack.enter_context(shared_folder())
            stack.enter_context(self._catching_signals())
            stack.callback(self._kill_all)
            self._supervise(listener, folder)
        return self._status or 0

    def _supervise(self, listener: socket.socket, folder: SharedFolder) -> None:
        # One first: if it cannot start, the reason is said once, not by every worker.
        self._places[0].start_at = 0
        while self._status is None or any(place.process for place in self._places):
            self._forward_signals()
            for place in self._places:
                self._reap(place, folder)
                self._start_if_due(place, listener, folder)
            self._begin(listener, folder)
            if time.monotonic() > self._kill_at:
                self._kill_all()
            time.sleep(_TICK_SECONDS)

    def _begin(self, listener: socket.socket, folder: SharedFolder) -> None:
        if self._complete:
            return
        serving = sum(folder.serves(place.number) for place in self._places)
        if serving == len(self._places):
            self._complete = True
            host, port = self._settings.host, listener.getsockname()[1]
            address = f"[{host}]" if ":" in host else host
            log.info("%d workers running on http://%s:%d", serving, address, port)
        elif serving:
            for place in self._places:
                if not place.started_at:
                    place.start_at = 0

    def _start_if_due(self, place: _Place, listener: socket.socket, folder: SharedFolder) -> None:
        now = time.monotonic()
        if self._status is not None or now < place.start_at:
            return
        place.start_at, place.started_at = inf, now
        place.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*self._command, str(place.number), str(listener.fileno()), str(os.getpid())],
            pass_fds=[listener.fileno()],
            env={**os.environ, VARIABLE: str(folder.path)},
            process_group=0,  # an interrupt at the terminal comes once, through the supervisor
        )

    def _reap(self, place: _Place, folder: SharedFolder) -> None:
        if place.process is None or (status := place.process.poll()) is None:
            return
        process, place.process = place.process, None
        served = folder.serves(place.number)
        folder.forget(place.number)
        if self._status is not None:
            if status not in (0, *(-number for number in _SIGNALS)):
                log.error("worker %d %s", place.number, _how_it_ended(status))
                self._status = self._status or _FAILURE
        elif not served and not place.crashes:
            self._stop(status if status > 0 else _FAILURE)
        else:
            self._replace(place, f"worker {place.number} (process {process.pid})", status)

    def _replace(self, place: _Place, name: str, status: int) -> None:
        lived = time.monotonic() - place.started_at
        place.crashes = 1 if lived > _STABLE_SECONDS else place.crashes + 1
        if place.crashes > _MOST_CRASHES:
            log.error(
                "%s %s, %d times in a row; giving up", name, _how_it_ended(status), place.crashes
            )
            self._stop(_FAILURE)
            return
        pause = _FIRST_PAUSE * 2 ** (place.crashes - 1)
        log.error("%s %s; another one starts in %g s", name, _how_it_ended(status), pause)
        place.start_at = time.monotonic() + pause

    def _forward_signals(self) -> None:
        while self._signals:
            self._stop(0, self._signals.pop(0))

    def _stop(self, status: int, number: int = signal.SIGTERM) -> None:
        if self._status is None:
            self._status = status
            patience = self._settings.shutdown_delay + self._settings.shutdown_timeout
            self._kill_at = time.monotonic() + patience + _GRACE_SECONDS
        for place in self._places:
            if place.process is not None:
                place.process.send_signal(number)

    def _kill_all(self) -> None:
        for place in self._places:
            if place.process is not None:
                place.process.kill()

    @contextmanager
    def _catching_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"

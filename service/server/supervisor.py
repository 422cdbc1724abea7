"""Several worker processes that serve one port, replaced when they crash or hang.

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
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Final

from prometheus_client import CollectorRegistry

from service.observability.metrics import RestartReason, worker_restarts
from service.observability.shared import SharedFolder, count_as
from service.settings import Settings

_WORKER: Final = (sys.executable, "-m", "service.server.worker")
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_TICK_SECONDS: Final = 0.05
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0
_STABLE_SECONDS: Final = 60
_LOADING_SECONDS: Final = 600.0  # longest time until a worker serves
# Beyond what a worker allows itself to finish.
_GRACE_SECONDS: Final = 5
_FAILURE: Final = 1

log = logging.getLogger(__name__)


@dataclass
class _Worker:
    """One worker by its number: its process now, and when the next one starts.

    Attributes:
        silence: Seconds since then. The supervisor adds its own ticks, so that nobody is blamed
            for a time in which the whole machine stood still.
    """

    number: int
    process: subprocess.Popen[bytes] | None = None
    start_at: float = inf
    started_at: float = 0
    kill_at: float = inf
    heartbeat: int | None = None  # the last one that was seen, in nanoseconds; None while it loads
    silence: float = 0
    hung: bool = False
    pause: float = _SHORTEST_PAUSE  # seconds before it is started anew


class Supervisor:
    """Keeps the workers of one service alive until it is told to stop."""

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        folder: SharedFolder,
        command: Sequence[str] = _WORKER,
    ) -> None:
        """Prepare to run the command for each worker.

        Its arguments are the worker's number, the number of the socket, our process' id and the
        shared folder.
        """
        self._settings = settings
        self._listener = listener
        self._folder = folder
        self._command = command
        self._workers = [_Worker(number) for number in range(settings.workers)]
        self._signals: list[int] = []
        self._status: int | None = None
        self._any_served = False
        self._all_served = False

    def run(self) -> int:
        """Serve until a signal says to stop, or no worker can start; give the exit status."""
        count_as("supervisor", self._folder)
        self._restarts = worker_restarts(CollectorRegistry())
        with self._catching_signals():
            try:
                self._supervise()
            finally:
                for worker in self._workers:
                    if worker.process is not None:
                        worker.process.kill()
        return self._status or 0

    def _supervise(self) -> None:
        # One first: if it cannot start, the reason is said once, not by every worker.
        self._workers[0].start_at = 0
        while self._status is None or any(worker.process for worker in self._workers):
            while self._signals:
                self._stop(0, self._signals.pop(0))
            for worker in self._workers:
                self._reap(worker)
                self._watch(worker)
                self._start_if_due(worker)
            self._begin()
            time.sleep(_TICK_SECONDS)

    def _begin(self) -> None:
        if self._all_served or self._status is not None:
            return
        serving = sum(self._folder.serves(worker.number) for worker in self._workers)
        if serving == len(self._workers):
            self._all_served = True
            host, port = self._settings.host, self._listener.getsockname()[1]
            address = f"[{host}]" if ":" in host else host
            log.info("%d workers running on http://%s:%d", serving, address, port)
        self._any_served |= serving > 0
        if self._any_served:
            for worker in self._workers:
                if not worker.started_at:
                    worker.start_at = 0

    def _start_if_due(self, worker: _Worker) -> None:
        if self._status is not None or time.monotonic() < worker.start_at:
            return
        listener = self._listener.fileno()
        arguments = map(str, (worker.number, listener, os.getpid(), self._folder.path))
        worker.start_at, worker.started_at = inf, time.monotonic()
        worker.heartbeat, worker.silence, worker.hung = None, 0, False
        try:
            worker.process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*self._command, *arguments],
                pass_fds=[listener],
                process_group=0,  # an interrupt at the terminal comes once, through the supervisor
            )
        except OSError as error:  # no memory, or too many processes
            self._replace(worker, f"worker {worker.number} cannot be started: {error.strerror}")

    def _watch(self, worker: _Worker) -> None:
        """End a worker whose event loop stands still, or that has taken too long already to end."""
        if worker.process is None:
            return
        if time.monotonic() > worker.kill_at:
            worker.process.kill()
        elif self._status is None and not worker.hung:
            heartbeat = self._folder.heartbeat(worker.number)
            worker.silence = worker.silence + _TICK_SECONDS if heartbeat == worker.heartbeat else 0
            worker.heartbeat = heartbeat
            timeout = self._settings.worker_timeout
            if worker.silence > (max(timeout, _LOADING_SECONDS) if heartbeat is None else timeout):
                self._end_hung(worker, worker.process)

    def _end_hung(self, worker: _Worker, process: subprocess.Popen[bytes]) -> None:
        log.error(
            "worker %d (process %d) gave no sign of life for %g s; it is ended",
            worker.number,
            process.pid,
            round(worker.silence),
        )
        worker.hung = True
        worker.kill_at = time.monotonic() + _GRACE_SECONDS
        process.terminate()

    def _reap(self, worker: _Worker) -> None:
        process = worker.process
        if process is None or (status := process.poll()) is None:
            return
        self._any_served |= self._folder.serves(worker.number)
        self._folder.forget(worker.number)
        worker.process, worker.kill_at = None, inf
        ended = f"worker {worker.number} (process {process.pid}) {_how_it_ended(status)}"
        if self._status is None:
            self._replace(worker, ended, status)
        elif status not in (0, *(-number for number in _SIGNALS)):
            log.error("%s", ended)
            self._status = self._status or _FAILURE

    def _replace(self, worker: _Worker, what_happened: str, status: int = _FAILURE) -> None:
        if not self._any_served:
            log.error("%s before any worker served; giving up", what_happened)
            self._stop(status if status > 0 else _FAILURE)
            return
        reason: RestartReason = "hung" if worker.hung else "crashed"
        self._restarts.labels(reason).inc()
        if time.monotonic() - worker.started_at > _STABLE_SECONDS:
            worker.pause = _SHORTEST_PAUSE
        log.error("%s; another one starts in %g s", what_happened, worker.pause)
        worker.start_at = time.monotonic() + worker.pause
        worker.pause = min(2 * worker.pause, _LONGEST_PAUSE)

    def _stop(self, status: int, number: int = signal.SIGTERM) -> None:
        # The workers alone have the socket now: with the last of them, it is gone.
        self._folder.announce_stop()
        self._listener.close()
        patience = self._settings.shutdown_delay + self._settings.shutdown_timeout
        kill_at = time.monotonic() + patience + _GRACE_SECONDS
        for worker in self._workers:
            if worker.process is not None:
                worker.process.send_signal(number)
                worker.kill_at = min(worker.kill_at, kill_at)
        if self._status is None:
            self._status = status

    @contextmanager
    def _catching_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, lambda number, _: self._signals.append(number))
            for number in _SIGNALS
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"

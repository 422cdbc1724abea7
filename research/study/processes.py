"""Doing many jobs in several processes of this machine."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Final

from research.study.attempts import Failed, Result, attempt
from research.study.runner import Job, Runner

_PATIENCE: Final = 5.0  # seconds to end in order


def in_processes(jobs: Iterable[Job], count: int) -> Iterator[Result]:
    """Do the jobs in that many processes, the next one as soon as a process is free.

    A process that dies fails its own job only; another one takes its place.
    """
    waiting = deque(jobs)
    crew = [_Worker(waiting.popleft()) for _ in range(min(count, len(waiting)))]
    try:
        while crew:
            for worker in _ready(crew):
                result = worker.result()
                if not waiting:
                    worker.leave()
                    crew.remove(worker)
                elif worker.process.is_alive():
                    worker.begin(waiting.popleft())
                else:
                    crew[crew.index(worker)] = _Worker(waiting.popleft())
                yield result
    finally:
        for worker in crew:
            worker.give_up()


class _Worker:
    """A process at a job, and the way to it."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()  # else nobody would see that the process is gone
        self.begin(job)

    def begin(self, job: Job) -> None:
        """Give it something to do."""
        self.job = job
        self.connection.send(job)

    def result(self) -> Result:
        """Wait for what became of the job."""
        try:
            result: Result = self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            return Failed(self.job, f"its process died with {_status(self.process.exitcode)}")
        return result

    def leave(self) -> None:
        """Let the process end: there is nothing more to do."""
        self.connection.close()
        self.process.join()

    def give_up(self) -> None:
        """End the process at once; its job can be gone on with."""
        self.process.terminate()
        self.process.join(_PATIENCE)
        self.process.kill()
        self.leave()


def _ready(crew: list[_Worker]) -> list[_Worker]:
    """Wait for those that have a result, or are gone."""
    connections = wait([worker.connection for worker in crew])
    return [worker for worker in crew if worker.connection in connections]


def _status(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"status {code}"


def _work(connection: Connection) -> None:
    """Do jobs until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever gave the jobs
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # in order, so that nothing is left
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runner = Runner()
    with suppress(EOFError):
        while True:
            connection.send(attempt(runner, connection.recv()))


def _end_with_parent() -> None:
    """Nobody would take the results, and another study may want to go on with the run."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""python -m service.server.worker NUMBER SOCKET SUPERVISOR FOLDER: one process of several."""

import asyncio
import logging
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from service.app import create_app
from service.observability.logs import configure_logging
from service.observability.native import log_native_errors
from service.observability.shared import SharedFolder, count_as
from service.server.http_server import Server
from service.settings import Settings

_HEARTBEAT_SECONDS: Final = 1.0
_CANNOT_START: Final = 3
_ARGUMENTS: Final = 5

log = logging.getLogger(__name__)


class Worker(Server):
    """Shows the supervisor that it serves and lives, and stops when the supervisor is gone."""

    def __init__(
        self, number: int, supervisor: int, folder: SharedFolder, settings: Settings
    ) -> None:
        """Prepare; `supervisor` is the id of its process, which may be gone already."""
        super().__init__(create_app(settings, folder), settings)
        self._number = number
        self._folder = folder
        self._supervisor = supervisor
        self._heartbeat_seconds = min(_HEARTBEAT_SECONDS, settings.worker_timeout / 4)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models and listen."""
        try:
            await super().startup(sockets)
        except OSError as error:  # the port was free when the supervisor bound it
            log.error("cannot listen on the port: %s", error.strerror)
            await self.lifespan.shutdown()
            sys.exit(_CANNOT_START)
        self._folder.announce(self._number)
        self._heart = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        with suppress(FileNotFoundError):  # the folder goes with the last process
            while True:
                self._folder.beat(self._number)
                await asyncio.sleep(self._heartbeat_seconds)

    async def on_tick(self, counter: int) -> bool:
        """Say whether it is time to stop."""
        if self._is_alone() and not self.is_stopping():
            log.error("the supervisor is gone; worker %d ends", self._number)
            self.stop()
        return await super().on_tick(counter)

    def answers_queue(self) -> bool:
        """Whether no other worker accepts the connections that wait."""
        return self._folder.stops() or self._is_alone()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is open; clean up where nobody is left to do so."""
        await super().shutdown(sockets)
        if self._is_alone():
            self._folder.remove()

    def _is_alone(self) -> bool:
        return os.getppid() != self._supervisor


def main() -> None:
    """Serve until a signal says to stop."""
    if len(sys.argv) != _ARGUMENTS:
        sys.exit("a worker is started by `TANDEM_WORKERS=2 python -m service`, not by hand")
    number, listener, supervisor = map(int, sys.argv[1:4])
    folder = SharedFolder(Path(sys.argv[4]))
    settings = Settings()
    log_native_errors()
    configure_logging(settings, worker=number)
    count_as(str(number), folder)
    Worker(number, supervisor, folder, settings).run([socket.socket(fileno=listener)])


if __name__ == "__main__":
    main()

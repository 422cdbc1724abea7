"""python -m service.server.worker NUMBER SOCKET SUPERVISOR: one process of several."""

import logging
import os
import socket
import sys

from service.app import create_app
from service.observability.logs import configure_logging
from service.observability.shared import SharedFolder, count_as, folder_of_this_process
from service.server.http_server import Server
from service.settings import Settings

log = logging.getLogger(__name__)


class Worker(Server):
    """Tells the supervisor when it serves, and stops when the supervisor is gone."""

    def __init__(
        self, number: int, supervisor: int, folder: SharedFolder, settings: Settings
    ) -> None:
        """Prepare; `supervisor` is the id of its process, which may be gone already."""
        super().__init__(create_app(settings), settings)
        self._number = number
        self._folder = folder
        self._supervisor = supervisor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models and listen."""
        await super().startup(sockets)
        self._folder.announce(self._number)

    async def on_tick(self, counter: int) -> bool:
        """Say whether it is time to stop."""
        if os.getppid() != self._supervisor and not self.should_exit:
            log.error("the supervisor is gone; worker %d ends", self._number)
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is open; clean up where nobody is left to do so."""
        await super().shutdown(sockets)
        if os.getppid() != self._supervisor:
            self._folder.remove()


def main() -> None:
    """Serve until a signal says to stop."""
    number, listener, supervisor = map(int, sys.argv[1:])
    settings = Settings()
    configure_logging(settings, worker=number)
    folder = folder_of_this_process()
    if folder is None:
        sys.exit("a worker is started by `TANDEM_WORKERS=2 python -m service`, not by hand")
    count_as(number)
    Worker(number, supervisor, folder, settings).run([socket.socket(fileno=listener)])


if __name__ == "__main__":
    main()

"""python -m service: serve the published models."""

import argparse
import logging
import sys
from typing import Final

from pydantic import ValidationError

from service.observability.logs import configure_logging
from service.observability.native import log_native_errors
from service.observability.shared import shared_folder
from service.server.sockets import bind
from service.server.supervisor import Supervisor
from service.settings import Settings, describe_invalid, describe_settings, unknown_variables

_USAGE_ERROR: Final = 2
_CANNOT_START: Final = 3

log = logging.getLogger("service")


def main() -> None:
    """Read the settings and serve until a signal says to stop."""
    _parse_arguments()
    settings = _read_settings()
    if settings.workers == 1:  # several have their own
        log_native_errors()
    configure_logging(settings)
    for name in unknown_variables():
        log.warning("%s is no setting; `python -m service --help` lists them", name)
    if settings.workers > 1:
        _serve_with_workers(settings)
    else:
        _serve(settings)


def _serve(settings: Settings) -> None:
    from service.app import create_app  # noqa: PLC0415 - a supervisor needs none of it
    from service.server.http_server import Server  # noqa: PLC0415 - likewise

    Server(create_app(settings), settings).run()


def _serve_with_workers(settings: Settings) -> None:
    try:
        listener = bind(settings.host, settings.port)
    except OSError as error:
        log.error("cannot listen on %s port %d: %s", settings.host, settings.port, error.strerror)
        sys.exit(_CANNOT_START)
    with listener, shared_folder() as folder:
        sys.exit(Supervisor(settings, listener, folder).run())


def _parse_arguments() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serve the published models over HTTP; its documentation is at /docs.",
        epilog="Settings, read from the environment (default):\n\n" + describe_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()


def _read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        sys.stderr.write(f"invalid setting: {describe_invalid(error)}\n")
        sys.exit(_USAGE_ERROR)


if __name__ == "__main__":
    main()

"""python -m service: serve the published models."""

import argparse
import logging
import sys
from typing import Final

from pydantic import ValidationError

from service.app import create_app
from service.server import Server
from service.settings import Settings, describe_invalid, describe_settings, unknown_variables

_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_USAGE_ERROR: Final = 2

log = logging.getLogger("service")


def main() -> None:
    """Read the settings and serve until a signal says to stop."""
    _parse_arguments()
    settings = _read_settings()
    logging.basicConfig(level=settings.log_level.upper(), format=_LOG_FORMAT)
    for name in unknown_variables():
        log.warning("%s is no setting; `python -m service --help` lists them", name)
    Server(create_app(settings), settings).run()


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

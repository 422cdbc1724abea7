"""A command line of several commands, whose errors end as one line."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Final

from pydantic import BaseModel, ValidationError

from training.errors import TrainingError
from training.options import add_options, explain
from vision.errors import TandemError

_FAILED: Final = 1
_USAGE_ERROR: Final = 2
_INTERRUPTED: Final = 130  # what a shell reports of a command that Ctrl-C stopped


class Commands:
    """The commands of one package: `python -m <package> COMMAND`."""

    def __init__(self, package: str, description: str) -> None:
        """Begin without any command."""
        self._package = package
        self._parser = ArgumentParser(f"python -m {package}", description=description)
        self._commands = self._parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        self,
        name: str,
        execute: Callable[[Namespace], None],
        when_stopped: str,
        summary: str,
        *models: type[BaseModel],
    ) -> ArgumentParser:
        """Add a command whose options are the fields of the models."""
        command = self._commands.add_parser(name, help=summary)
        command.set_defaults(execute=execute, when_stopped=when_stopped)
        for model in models:
            add_options(command, model)
        return command

    def run(self, arguments: Sequence[str] | None = None) -> int:
        """Execute what the command line says, and return the exit status."""
        options = self._parser.parse_args(arguments)
        try:
            options.execute(options)
        except ValidationError as error:
            return self._fail(explain(error), _USAGE_ERROR)
        except (TrainingError, TandemError) as error:
            return self._fail(str(error), _FAILED)
        except KeyboardInterrupt:
            return self._fail(f"stopped; {options.when_stopped}", _INTERRUPTED)
        return 0

    def _fail(self, message: str, status: int) -> int:
        sys.stderr.write(f"{self._package}: {message}\n")
        return status


def add_flag(command: ArgumentParser, name: str, meaning: str) -> None:
    """Add an option that is either there or not."""
    command.add_argument(name, action="store_true", help=meaning)

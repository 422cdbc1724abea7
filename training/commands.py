"""A command line of several commands: options from frozen models, errors as one line."""

import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from artifact.metrics import Metrics
from artifact.repository import Artifact
from training.errors import TrainingError
from vision.errors import TandemError

Model = TypeVar("Model", bound=BaseModel)

_FAILED: Final = 1
_USAGE_ERROR: Final = 2
_INTERRUPTED: Final = 130  # what a shell reports of a command that Ctrl-C stopped


def add_options(parser: ArgumentParser, model: type[BaseModel]) -> None:
    """Add an option for every field; a nested model gives one for each of its own fields."""
    group = parser.add_argument_group(_title(model))
    for name, field in model.model_fields.items():
        if (nested := _nested(field)) is not None:
            add_options(parser, nested)
        else:
            group.add_argument(
                f"--{name.replace('_', '-')}",
                default=SUPPRESS,
                nargs="+" if get_origin(field.annotation) is tuple else None,
                choices=_choices(field),
                metavar=None if _choices(field) else "VALUE",
                help=_help(field),
            )


def from_options(model: type[Model], options: Namespace) -> Model:
    """The model that the options describe; fields without an option have their default.

    Raises:
        ValidationError: An option's value is not accepted.
    """
    return model.model_validate(_values(model, vars(options)))


def explain(error: ValidationError) -> str:
    """Which option was not accepted, and why."""
    return "; ".join(
        f"--{_field(reason['loc']).replace('_', '-')} {reason['input']!r}: "
        f"{reason['msg'].removeprefix('Value error, ')}"
        for reason in error.errors()
    )


def _field(location: tuple[int | str, ...]) -> str:
    """The innermost field: before it are models, after it places in a tuple."""
    return [part for part in location if isinstance(part, str)][-1]


def _values(model: type[BaseModel], values: dict[str, object]) -> dict[str, object]:
    own = {name: values[name] for name in model.model_fields if name in values}
    fields = model.model_fields.items()
    return own | {name: _values(part, values) for name, field in fields if (part := _nested(field))}


def _nested(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _choices(field: FieldInfo) -> tuple[str, ...] | None:
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else None


def _help(field: FieldInfo) -> str:
    default = "" if field.default in (None, ()) else f" Default: {field.default}."
    return f"{field.description}{default}".replace("%", "%%")


def _title(model: type[BaseModel]) -> str:
    return (model.__doc__ or model.__name__).splitlines()[0].rstrip(".")


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
        execute: Callable[[Namespace], int | None],
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
            return options.execute(options) or 0
        except ValidationError as error:
            return self._fail(explain(error), _USAGE_ERROR)
        except (TrainingError, TandemError) as error:
            return self._fail(str(error), _FAILED)
        except OSError as error:  # a full disk, a folder that may not be written to
            name = f"{Path(error.filename).name}: " if error.filename else ""
            return self._fail(f"{name}{error.strerror}", _FAILED)
        except KeyboardInterrupt:
            return self._fail(f"stopped; {options.when_stopped}", _INTERRUPTED)

    def _fail(self, message: str, status: int) -> int:
        sys.stderr.write(f"{self._package}: {message}\n")
        return status


def add_flag(command: ArgumentParser, name: str, meaning: str) -> None:
    """Add an option that is either there or not."""
    command.add_argument(name, action="store_true", help=meaning)


def announce(artifact: Artifact) -> None:
    """Print the headline figures of a published model."""
    test = artifact.document("metrics", Metrics).test
    low, high = test.interval
    sys.stdout.write(
        f"published {artifact}: {test.accuracy:.2%} test accuracy (95% interval {low:.2%} to "
        f"{high:.2%}), {artifact.manifest.architecture.parameters:,} parameters\n"
    )

"""The command line of a frozen model: one option a field, so that nothing is said twice."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

Model = TypeVar("Model", bound=BaseModel)


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
    """The model that the given options describe; fields without an option have their default.

    Raises:
        ValidationError: An option's value is not accepted.
    """
    return model.model_validate(_given(model, vars(options)))


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


def _given(model: type[BaseModel], values: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if (nested := _nested(field)) is not None:
            given[name] = _given(nested, values)
        elif name in values:
            given[name] = values[name]
    return given


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

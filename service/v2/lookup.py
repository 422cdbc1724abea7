"""Which model a path of the protocol names."""

from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any, Final

from artifact.errors import UnknownModel
from service.errors import Refused, malformed
from service.registry import LoadedModel, ModelRegistry

PREFIX: Final = "/v2"
_MOST_DIGITS: Final = 9
_BEGAN_WITH: Final = "tandem.model"
_START: Final = f"{PREFIX}/models/"
_END: Final = "/infer"
_LATEST: Final = f"{PREFIX}/models/{{name}}/infer"
_VERSION: Final = f"{PREFIX}/models/{{name}}/versions/{{version}}/infer"


def is_open_inference(path: str) -> bool:
    """Whether a path lies in the protocol's part of the service."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def find(models: ModelRegistry, name: str, version: str | None = None) -> LoadedModel:
    """Look a model up; the highest version unless the path names one.

    Raises:
        Refused: 400, the version is no number.
        UnknownModel: There is no such model, or no such version of it.
    """
    return models.get(name, None if version is None else _number(version))


def named_model(path: str) -> tuple[str, str | None] | None:
    """Find out which model and version a path names; None where it is not one to infer."""
    if not (path.startswith(_START) and path.endswith(_END)):
        return None
    match path[len(_START) : -len(_END)].split("/"):
        case [name]:
            return name, None
        case [name, "versions", version]:
            return name, version
    return None


def begin(
    models: ModelRegistry, named: tuple[str, str | None], scope: MutableMapping[str, Any]
) -> None:
    """Find the model of a request to infer whose head is there: it stays the one that answers."""
    with suppress(Refused, UnknownModel):
        scope[_BEGAN_WITH] = find(models, *named)


def began_with(scope: Mapping[str, Any]) -> LoadedModel | None:
    """Give the model that `begin` found, if there is one."""
    return scope.get(_BEGAN_WITH)


def route_of(_name: str, version: str | None) -> str:
    """Name the route of a request to infer, as a template."""
    return _LATEST if version is None else _VERSION


def _number(version: str) -> int:
    if not (version.isascii() and version.isdecimal() and len(version) <= _MOST_DIGITS):
        raise malformed(f"version {version[:100]!r} is none; accepted: a positive integer")
    return int(version)

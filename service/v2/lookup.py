"""Which model a path of the protocol names."""

from typing import Final

from service.errors import malformed
from service.registry import LoadedModel, ModelRegistry

PREFIX: Final = "/v2"
_MOST_DIGITS: Final = 9


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


def _number(version: str) -> int:
    if not (version.isascii() and version.isdecimal() and len(version) <= _MOST_DIGITS):
        raise malformed(f"version {version[:100]!r} is none; accepted: a positive integer")
    return int(version)

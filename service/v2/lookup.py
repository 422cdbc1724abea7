"""Which model a path of the protocol names."""

from typing import Annotated, Final

from fastapi import Path

from service.loaded import LoadedModel, Models
from service.v2.errors import refusal

_MOST_DIGITS: Final = 9

Name = Annotated[str, Path(description="Of a model; `POST /v2/repository/index` lists them.")]
Version = Annotated[str, Path(description="Of the model, in digits.")]


def find(models: Models, name: str, version: str | None = None) -> LoadedModel:
    """Look a model up; the highest version unless the path names one.

    Raises:
        HTTPException: 400, the version is no number.
        UnknownModel: There is no such model, or no such version of it.
    """
    return models.get(name, None if version is None else _number(version))


def _number(version: str) -> int:
    if not (version.isascii() and version.isdecimal() and len(version) <= _MOST_DIGITS):
        raise refusal(f"version {version[:100]!r} is none; accepted: a positive integer")
    return int(version)

"""What several routes take from a request's path and query, and the refusals that they share.

A query parameter that no route knows is refused: a misspelt `model` must not become the default.
So is one that is given twice: neither value may win in silence.
"""

from collections import Counter
from typing import Annotated, Any, Final, get_origin

from fastapi import Depends, Header, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from artifact.manifest import Part
from service.api.schemas import Detail
from service.errors import InvalidField
from service.registry import LoadedModel
from service.state import service_of


class VersionChoice(Part):
    """Which version of a model."""

    version: int | None = Field(None, ge=1, description="Of the model; unset: the highest.")


Name = Annotated[str, Path(description="Of a model; `GET /models` lists them.")]
VersionQuery = Annotated[VersionChoice, Query()]


async def _find_model(request: Request, name: Name, query: VersionQuery) -> LoadedModel:
    return service_of(request).loaded().get(name, query.version)


async def _known_tags(
    if_none_match: Annotated[str | None, Header(description="An earlier answer's `ETag`.")] = None,
) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")}


# Not where a route takes more of the path, or of the query, whose refusals would come second.
ChosenModel = Annotated[LoadedModel, Depends(_find_model)]
KnownTags = Annotated[set[str], Depends(_known_tags)]  # of answers that the client has kept

Responses = dict[int | str, dict[str, Any]]  # as FastAPI's routes take them, models among JSON

NOT_FOUND: Final[Responses] = {
    404: {"model": Detail, "description": "No such model, version or runtime."}
}
NOT_READY: Final[Responses] = {
    503: {"model": Detail, "description": "Still loading, or shutting down; see `Retry-After`."}
}
LONG_ADDRESS: Final[Responses] = {
    414: {"model": Detail, "description": "The path or the query is too long."}
}
PICTURE: Final[Responses] = {200: {"content": {"image/png": {}}, "description": "The picture."}}
UNCHANGED: Final[Responses] = {304: {"description": "It is still what `If-None-Match` names."}}
REFUSED_BODY: Final[Responses] = {
    400: {"model": Detail, "description": "The picture or the form is damaged."},
    408: {"model": Detail, "description": "The body arrived too slowly."},
    413: {"model": Detail, "description": "Too many bytes or pixels."},
    415: {"model": Detail, "description": "Not a picture of an accepted format."},
}


async def refuse_repeated(request: Request) -> None:
    """Refuse a query parameter that is given twice, unless the route takes a list of values.

    Raises:
        InvalidField: It is given twice.
    """
    times = Counter(name for name, _ in request.query_params.multi_items())
    repeated = {name for name, count in times.items() if count > 1}
    for name in sorted(repeated - _lists(request.scope["route"]) if repeated else ()):
        raise InvalidField(("query", name), "repeated", "Given more than once; give it once")


def _lists(route: APIRoute) -> set[str]:
    """Name the query parameters of a route that may be given several times."""
    models = [parameter.field_info.annotation for parameter in route.dependant.query_params]
    return {
        name
        for model in models
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is list
    }

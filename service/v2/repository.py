"""The model repository: what is published, and what of it is loaded."""

from collections.abc import Mapping, Sequence
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from artifact.repository import list_versions
from service.registry import ModelRegistry
from service.state import service_of
from service.v2 import administration
from service.v2.administration import Credentials
from service.v2.documentation import ADMINISTRATION, INDEX, NOT_READY, REFUSED
from service.v2.errors import PREFIX, refusal
from service.v2.lookup import Name
from service.v2.request import read_object, read_parameters
from service.v2.schemas import IndexEntry

router = APIRouter(prefix=PREFIX, responses={**REFUSED, **NOT_READY})

_NOT_LOADED: Final = "unloaded"


@router.post("/repository/index", openapi_extra=INDEX)
async def get_index(request: Request) -> list[IndexEntry]:
    """List every version of every model that is loaded, or published and not loaded."""
    service = service_of(request)
    models = service.loaded()
    only_ready = read_object(await request.body()).get("ready", False)
    if not isinstance(only_ready, bool):
        raise refusal("`ready` must be true or false")
    published = await to_thread.run_sync(list_versions, service.settings.models_dir)
    entries = _ready(models)
    if not only_ready:
        ready = {(entry.name, entry.version) for entry in entries}
        entries += _unavailable(published, ready, models.broken)
    return sorted(entries, key=lambda entry: (entry.name, entry.version))


@router.post("/repository/models/{name}/load", **ADMINISTRATION)
async def load(request: Request, name: Name, credentials: Credentials) -> Response:
    """Load a published model, or load it anew: every version that is published now.

    Requests are answered meanwhile, and where it fails afterwards, by what was loaded before.
    """
    service = service_of(request)
    administration.check_allowed(credentials, service.settings)
    given = read_parameters(await request.body())
    if given:
        raise refusal(
            "a model is loaded as it was published; parameters are not accepted: "
            f"{', '.join(sorted(given))[:100]}"
        )
    await administration.load(service, name)
    return Response()


@router.post("/repository/models/{name}/unload", **ADMINISTRATION)
async def unload(request: Request, name: Name, credentials: Credentials) -> Response:
    """Unload every version of a model; requests under way are finished."""
    service = service_of(request)
    administration.check_allowed(credentials, service.settings)
    await administration.unload(service, name)
    return Response()


def _ready(models: ModelRegistry) -> list[IndexEntry]:
    return [
        IndexEntry(
            name=model.manifest.name, version=str(model.manifest.version), state="READY", reason=""
        )
        for model in models
    ]


def _unavailable(
    published: Mapping[str, Sequence[str]],
    ready: set[tuple[str, str]],
    broken: Mapping[str, str],
) -> list[IndexEntry]:
    return [
        IndexEntry(
            name=name,
            version=version,
            state="UNAVAILABLE",
            reason=broken.get(f"{name}/{version}", _NOT_LOADED),
        )
        for name, versions in published.items()
        for version in versions
        if (name, version) not in ready
    ]

"""The model repository: what is published, and what of it is loaded."""

import hmac
from typing import Annotated, Final

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from artifact.datasets import Datasets
from artifact.repository import list_versions
from service.errors import malformed
from service.loader import BrokenArtifacts, load_model
from service.settings import Settings
from service.state import service_of
from service.v2.lookup import PREFIX
from service.v2.request import read_object, read_parameters
from service.v2.schemas import ADMINISTRATION, INDEX, NOT_READY, REFUSED, IndexEntry, Name

router = APIRouter(prefix=PREFIX, responses={**REFUSED, **NOT_READY})

_NOT_LOADED: Final = "unloaded"
_OFF: Final = "loading and unloading is off; TANDEM_ADMIN_TOKEN sets the token that allows it"
_NOT_ALLOWED: Final = "loading and unloading needs the header `Authorization: Bearer <token>`"
_BEARER: Final = HTTPBearer(auto_error=False, description="What `TANDEM_ADMIN_TOKEN` is set to.")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


@router.post("/repository/index", openapi_extra=INDEX)
async def get_index(request: Request) -> list[IndexEntry]:
    """List every version of every model that is loaded, or published and not loaded."""
    service = service_of(request)
    models = service.loaded()
    only_ready = read_object(await request.body()).get("ready", False)
    if not isinstance(only_ready, bool):
        raise malformed("`ready` must be true or false")
    published = await to_thread.run_sync(list_versions, service.settings.models_dir)
    ready = {(model.manifest.name, str(model.manifest.version)) for model in models}
    others = {(name, version) for name, versions in published.items() for version in versions}
    return [
        IndexEntry(name=name, version=version, state="READY", reason="")
        if (name, version) in ready
        else IndexEntry(
            name=name,
            version=version,
            state="UNAVAILABLE",
            reason=models.broken.get(f"{name}/{version}", _NOT_LOADED),
        )
        for name, version in sorted(ready if only_ready else ready | others)
    ]


@router.post("/repository/models/{name}/load", **ADMINISTRATION)
async def load(request: Request, name: Name, credentials: Credentials) -> Response:
    """Load a published model, or load it anew: every version that is published now.

    Requests are answered meanwhile, and where it fails afterwards, by what was loaded before.
    """
    service = service_of(request)
    _check_allowed(credentials, service.settings)
    parameters = read_parameters(await request.body())
    if parameters:
        raise malformed(
            "a model is loaded as it was published; parameters are not accepted: "
            f"{', '.join(sorted(parameters))[:100]}"
        )
    async with service.administration:
        service.loaded()
        models_dir = service.settings.models_dir
        versions = await to_thread.run_sync(load_model, name, service.settings)
        told = BrokenArtifacts(strict=False)
        service.datasets = await to_thread.run_sync(Datasets.scan, models_dir, told.note)
        service.models = service.loaded().replace(name, versions)
        service.telemetry.count_broken(len(service.models.broken))
    return Response()


@router.post("/repository/models/{name}/unload", **ADMINISTRATION)
async def unload(request: Request, name: Name, credentials: Credentials) -> Response:
    """Unload every version of a model; requests under way are finished."""
    service = service_of(request)
    _check_allowed(credentials, service.settings)
    async with service.administration:
        models = service.loaded()
        models.get(name)
        service.models = models.replace(name, [])
    return Response()


def _check_allowed(credentials: Credentials, settings: Settings) -> None:
    """Check that a request has the token.

    Raises:
        HTTPException: 403, there is none; 401, it is not the one that was sent.
    """
    if settings.admin_token is None:
        raise HTTPException(403, _OFF)
    sent = credentials.credentials if credentials else ""
    expected = settings.admin_token.get_secret_value()
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise HTTPException(401, _NOT_ALLOWED, {"WWW-Authenticate": "Bearer"})

"""Who may change what is loaded, and how that is done while requests are answered."""

import hmac
from typing import Annotated, Final

from anyio import to_thread
from fastapi import HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.loader import load_model
from service.settings import Settings
from service.state import Service

_OFF: Final = "loading and unloading is off; TANDEM_ADMIN_TOKEN sets the token that allows it"
_NOT_ALLOWED: Final = "loading and unloading needs the header `Authorization: Bearer <token>`"
_BEARER: Final = HTTPBearer(auto_error=False, description="What `TANDEM_ADMIN_TOKEN` is set to.")

Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


def check_allowed(credentials: Credentials, settings: Settings) -> None:
    """Let pass whoever knows the token.

    Raises:
        HTTPException: 403, there is none; 401, it is not the one that was sent.
    """
    if settings.admin_token is None:
        raise HTTPException(403, _OFF)
    sent = credentials.credentials if credentials else ""
    expected = settings.admin_token.get_secret_value()
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise HTTPException(401, _NOT_ALLOWED, {"WWW-Authenticate": "Bearer"})


async def load(service: Service, name: str) -> None:
    """Read, verify and open a published model, and answer from it from then on.

    Requests are answered by what was loaded before until all of it is open; if it fails, also
    afterwards.

    Raises:
        BrokenArtifact: A file is not what it should be.
        RuntimeUnavailable: No runtime that the model has a file for is open here.
        UnknownModel: No such model is published.
    """
    async with service.open_inference.administration:
        service.loaded()
        versions = await to_thread.run_sync(load_model, name, service.settings)
        service.models = service.loaded().replace(name, versions)
        service.telemetry.count_broken(len(service.models.broken))


async def unload(service: Service, name: str) -> None:
    """Answer no more requests from any version of a model; those under way are finished.

    Raises:
        UnknownModel: No such model is loaded.
    """
    async with service.open_inference.administration:
        models = service.loaded()
        models.get(name)
        service.models = models.replace(name, [])

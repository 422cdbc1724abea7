"""The protocol's routes, all under /v2: the server's own here, and those of the other modules."""

from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, HTTPException, Request

from service.state import service_of
from service.v2 import infer, models, repository
from service.v2.lookup import PREFIX
from service.v2.schemas import NOT_READY, TAG, ServerLive, ServerMetadata, ServerReady

_server = APIRouter(prefix=PREFIX)
_unsupported = APIRouter(prefix=PREFIX, include_in_schema=False)

_EXTENSIONS: Final = [
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "parameters",
    "statistics",
]


@_server.get("")
async def get_server_metadata() -> ServerMetadata:
    """Say what this server is and which extensions of the protocol it knows."""
    return ServerMetadata(name="tandem", version=version("tandem"), extensions=_EXTENSIONS)


@_server.get("/health/live")
async def is_server_live() -> ServerLive:
    """Whether the process answers at all; as `GET /health/live`."""
    return ServerLive()


@_server.get("/health/ready", responses=NOT_READY)
async def is_server_ready(request: Request) -> ServerReady:
    """Whether requests are welcome; as `GET /health/ready`."""
    service_of(request).ready()
    return ServerReady()


@_unsupported.api_route("/trace/setting", methods=["GET", "POST"])
@_unsupported.api_route("/models/{name}/trace/setting", methods=["GET", "POST"])
async def refuse_traces() -> None:
    """Refuse to tell or to change trace settings."""
    raise HTTPException(501, "trace settings are not supported here")


@_unsupported.api_route("/logging", methods=["GET", "POST"])
async def refuse_logging() -> None:
    """Refuse to tell or to change log settings."""
    raise HTTPException(501, "log settings are not supported here; the environment sets them")


@_unsupported.api_route("/systemsharedmemory/{rest:path}", methods=["GET", "POST"])
@_unsupported.api_route("/cudasharedmemory/{rest:path}", methods=["GET", "POST"])
async def refuse_shared_memory() -> None:
    """Refuse to read tensors from shared memory."""
    raise HTTPException(501, "shared memory is not supported; send tensors in JSON or in bytes")


router = APIRouter(tags=[TAG["name"]])
for _routes in (infer.router, _server, models.router, repository.router, _unsupported):
    router.include_router(_routes)

"""The server itself: its probes, and what it can do."""

from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, Request

from service.state import service_of
from service.v2.documentation import NOT_READY
from service.v2.errors import PREFIX
from service.v2.schemas import ServerLive, ServerMetadata, ServerReady

router = APIRouter(prefix=PREFIX)

_EXTENSIONS: Final = [
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "parameters",
    "statistics",
]


@router.get("")
async def get_server_metadata() -> ServerMetadata:
    """Say what this server is and which extensions of the protocol it knows."""
    return ServerMetadata(name="tandem", version=version("tandem"), extensions=_EXTENSIONS)


@router.get("/health/live")
async def is_server_live() -> ServerLive:
    """Whether the process answers at all; as `GET /health/live`."""
    return ServerLive()


@router.get("/health/ready", responses=NOT_READY)
async def is_server_ready(request: Request) -> ServerReady:
    """Whether requests are welcome; as `GET /health/ready`."""
    service_of(request).ready()
    return ServerReady()

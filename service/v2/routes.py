"""The protocol's routes, all under /v2: of the server, and of each model that is loaded."""

from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, HTTPException, Request

from service.registry import LoadedModel
from service.state import service_of
from service.v2 import infer, repository, signature
from service.v2.lookup import PREFIX, find
from service.v2.schemas import (
    NOT_READY,
    REFUSED,
    TAG,
    UNKNOWN,
    ModelMetadata,
    ModelReady,
    Name,
    ServerLive,
    ServerMetadata,
    ServerReady,
    StatisticsList,
    Version,
)

_server = APIRouter(prefix=PREFIX)
_models = APIRouter(prefix=PREFIX, responses={**REFUSED, **UNKNOWN, **NOT_READY})
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


# First, or it would be the metadata of a model `stats`.
@_models.get("/models/stats")
async def get_all_statistics(request: Request) -> StatisticsList:
    """Say what every loaded model did for the protocol's clients."""
    return _statistics(request, list(service_of(request).loaded()))


@_models.get("/models/{name}/ready")
async def is_model_ready(request: Request, name: Name) -> ModelReady:
    """Whether a model is loaded, in any version."""
    return ModelReady(name=_find(request, name).manifest.name)


@_models.get("/models/{name}/versions/{version}/ready")
async def is_version_ready(request: Request, name: Name, version: Version) -> ModelReady:
    """Whether that version of a model is loaded."""
    return ModelReady(name=_find(request, name, version).manifest.name)


@_models.get("/models/{name}")
async def get_metadata(request: Request, name: Name) -> ModelMetadata:
    """Say what a model takes and gives."""
    return _metadata(request, name)


@_models.get("/models/{name}/versions/{version}")
async def get_version_metadata(request: Request, name: Name, version: Version) -> ModelMetadata:
    """Say what that version of a model takes and gives."""
    return _metadata(request, name, version)


@_models.get("/models/{name}/config")
async def get_configuration(request: Request, name: Name) -> dict[str, object]:
    """Give a model's configuration in Triton's words."""
    return _configuration(request, name)


@_models.get("/models/{name}/versions/{version}/config")
async def get_version_configuration(
    request: Request, name: Name, version: Version
) -> dict[str, object]:
    """Give the configuration of that version of a model in Triton's words."""
    return _configuration(request, name, version)


@_models.get("/models/{name}/stats")
async def get_statistics(request: Request, name: Name) -> StatisticsList:
    """Say what every version of a model did for the protocol's clients."""
    models = service_of(request).loaded()
    find(models, name)
    return _statistics(request, [models.get(name, version) for version in models.versions(name)])


@_models.get("/models/{name}/versions/{version}/stats")
async def get_version_statistics(request: Request, name: Name, version: Version) -> StatisticsList:
    """Say what that version of a model did for the protocol's clients."""
    return _statistics(request, [_find(request, name, version)])


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


def _find(request: Request, name: str, version: str | None = None) -> LoadedModel:
    return find(service_of(request).loaded(), name, version)


def _metadata(request: Request, name: str, version: str | None = None) -> ModelMetadata:
    models = service_of(request).loaded()
    model = find(models, name, version)
    return ModelMetadata(
        name=name,
        versions=[str(number) for number in sorted(models.versions(name))],
        platform=signature.platform(model.predictor()),
        inputs=[signature.tensor_input(model.predictor())],
        outputs=signature.outputs(model.predictor()),
    )


def _configuration(request: Request, name: str, version: str | None = None) -> dict[str, object]:
    model = _find(request, name, version)
    max_batch_size = service_of(request).settings.max_batch_size
    return signature.configuration(model.predictor(), max_batch_size)


def _statistics(request: Request, models: list[LoadedModel]) -> StatisticsList:
    statistics = service_of(request).infer.statistics
    return StatisticsList(model_stats=[statistics.dump(model) for model in models])


router = APIRouter(tags=[TAG["name"]])
for _routes in (infer.router, _server, _models, repository.router, _unsupported):
    router.include_router(_routes)

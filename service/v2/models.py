"""Each model: whether it is ready, what it takes and gives, and what it did."""

from typing import Any

from fastapi import APIRouter, Request

from service.registry import LoadedModel
from service.state import service_of
from service.v2 import signature
from service.v2.lookup import PREFIX, find
from service.v2.schemas import (
    NOT_READY,
    REFUSED,
    UNKNOWN,
    ModelMetadata,
    ModelReady,
    Name,
    StatisticsList,
    TensorMetadata,
    Version,
)
from service.v2.tensors import Spec

router = APIRouter(prefix=PREFIX, responses={**REFUSED, **UNKNOWN, **NOT_READY})


# First, or it would be the metadata of a model `stats`.
@router.get("/models/stats")
async def get_all_statistics(request: Request) -> StatisticsList:
    """Say what every loaded model did for the protocol's clients."""
    return _statistics(request, list(service_of(request).loaded()))


@router.get("/models/{name}/ready")
async def is_model_ready(request: Request, name: Name) -> ModelReady:
    """Whether a model is loaded, in any version."""
    return ModelReady(name=_find(request, name).manifest.name)


@router.get("/models/{name}/versions/{version}/ready")
async def is_version_ready(request: Request, name: Name, version: Version) -> ModelReady:
    """Whether that version of a model is loaded."""
    return ModelReady(name=_find(request, name, version).manifest.name)


@router.get("/models/{name}")
async def get_metadata(request: Request, name: Name) -> ModelMetadata:
    """Say what a model takes and gives."""
    return _metadata(request, name)


@router.get("/models/{name}/versions/{version}")
async def get_version_metadata(request: Request, name: Name, version: Version) -> ModelMetadata:
    """Say what that version of a model takes and gives."""
    return _metadata(request, name, version)


@router.get("/models/{name}/config")
async def get_configuration(request: Request, name: Name) -> dict[str, Any]:
    """Give a model's configuration in Triton's words."""
    return _configuration(request, name)


@router.get("/models/{name}/versions/{version}/config")
async def get_version_configuration(
    request: Request, name: Name, version: Version
) -> dict[str, Any]:
    """Give the configuration of that version of a model in Triton's words."""
    return _configuration(request, name, version)


@router.get("/models/{name}/stats")
async def get_statistics(request: Request, name: Name) -> StatisticsList:
    """Say what every version of a model did for the protocol's clients."""
    models = service_of(request).loaded()
    find(models, name)
    return _statistics(request, [models.get(name, version) for version in models.versions(name)])


@router.get("/models/{name}/versions/{version}/stats")
async def get_version_statistics(request: Request, name: Name, version: Version) -> StatisticsList:
    """Say what that version of a model did for the protocol's clients."""
    return _statistics(request, [_find(request, name, version)])


def _find(request: Request, name: str, version: str | None = None) -> LoadedModel:
    return find(service_of(request).loaded(), name, version)


def _metadata(request: Request, name: str, version: str | None = None) -> ModelMetadata:
    models = service_of(request).loaded()
    model = find(models, name, version)
    return ModelMetadata(
        name=name,
        versions=[str(number) for number in sorted(models.versions(name))],
        platform=signature.platform(model.predictor()),
        inputs=[_tensor(signature.tensor_input(model.predictor()))],
        outputs=[_tensor(spec) for spec in signature.outputs(model.predictor())],
    )


def _tensor(spec: Spec) -> TensorMetadata:
    return TensorMetadata(name=spec.name, datatype=spec.datatype, shape=list(spec.shape))


def _configuration(request: Request, name: str, version: str | None = None) -> dict[str, Any]:
    model = _find(request, name, version)
    max_batch_size = service_of(request).settings.max_batch_size
    return signature.configuration(model.predictor(), max_batch_size)


def _statistics(request: Request, models: list[LoadedModel]) -> StatisticsList:
    statistics = service_of(request).infer.statistics
    return StatisticsList(model_stats=[statistics.dump(model) for model in models])

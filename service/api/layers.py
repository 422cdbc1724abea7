"""A network layer by layer: shapes, weights and their pictures, and the time of each."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from artifact.errors import UnknownModel
from artifact.inspection.layers import LayerDescription
from artifact.inspection.profile import Profile, profile
from artifact.inspection.sheets import sheet_of_filters
from service.api.benchmark import BUSY, measure_alone
from service.api.evidence import cache_control
from service.api.parameters import (
    NOT_FOUND,
    NOT_READY,
    PICTURE,
    ChosenModel,
    Name,
    VersionChoice,
    VersionQuery,
)
from service.api.schemas import OfModel
from service.state import service_of

router = APIRouter(responses={**NOT_FOUND, **NOT_READY})


class GraphLayer(LayerDescription):
    """One operator of the ONNX file, and the activation after it."""

    filters: str | None = Field(description="Where its weights are drawn; null where it has none.")


class Graph(OfModel):
    """A network, layer by layer."""

    input: tuple[int, int, int] = Field(description="Channels, height, width.")
    parameters: int = Field(description="In the file: normalisation is folded in.")
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    bytes: int = Field(description="Size of the ONNX file.")
    layers: list[GraphLayer] = Field(description="From input to output.")


class ProfileChoice(VersionChoice):
    """How long a network is timed."""

    seconds: float = Field(
        default=0.2, gt=0, le=5, allow_inf_nan=False, description="At most, and at most 100 runs."
    )


class MeasuredProfile(Profile, OfModel):
    """Where one picture's time goes, measured here and now with ONNX Runtime's profiler."""


Number = Annotated[int, Path(ge=0, lt=10_000, description="Of the layer, from 0.", examples=[0])]
ProfileQuery = Annotated[ProfileChoice, Query()]


# Not a coroutine, nor is the next one: opening a network belongs in a thread.
@router.get("/models/{name}/graph", tags=["models"])
def get_graph(request: Request, model: ChosenModel) -> Graph:
    """Give a network's layers from input to output: shapes, parameters, multiply-adds."""
    layers = [layer.told for layer in service_of(request).inspections.of(model).layers]
    root = f"{request.scope.get('root_path', '')}/models/{model.manifest.name}/graph"
    return Graph(
        **model.identity,
        input=model.manifest.input.shape,
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
        bytes=model.manifest.files["onnx"].bytes,
        layers=[
            GraphLayer(
                **dict(layer),
                filters=layer.weight and f"{root}/{number}.png?version={model.manifest.version}",
            )
            for number, layer in enumerate(layers)
        ],
    )


@router.get(
    "/models/{name}/graph/{number}.png",
    tags=["evidence"],
    response_class=Response,
    responses=PICTURE,
)
def get_filters(request: Request, name: Name, number: Number, query: VersionQuery) -> Response:
    """Draw a layer's weights: filters of one channel in rows of 16; else a row is a filter."""
    service = service_of(request)
    model = service.loaded().get(name, query.version)
    layers = service.inspections.of(model).layers
    weight = layers[number].weight if number < len(layers) else None
    if weight is None:
        raise UnknownModel(f"{model} has no layer {number} with weights")
    headers = {"Cache-Control": cache_control(request)}
    return Response(sheet_of_filters(weight), media_type="image/png", headers=headers)


@router.post("/models/{name}/profile", tags=["benchmark"], responses=BUSY)
async def measure_profile(request: Request, name: Name, query: ProfileQuery) -> MeasuredProfile:
    """Measure here and now how long each layer takes, as `POST /benchmark` measures the whole."""
    service = service_of(request)
    model = service.loaded().get(name, query.version)

    def measure(check: Callable[[], None]) -> Profile:
        layers = service.inspections.of(model).layers
        shape = model.manifest.input.shape
        seconds = min(query.seconds, service.settings.benchmark_seconds)
        return profile(model.read("onnx"), shape, layers, seconds, check)

    measured = await measure_alone(request, measure)
    return MeasuredProfile(**dict(measured), **model.identity)

"""What a network does inside: why it answers so, its layers, their filters and their times."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json

from artifact.errors import UnknownModel
from artifact.hardware import describe_hardware
from artifact.inspection.layers import LayerKind, NetworkLayer
from artifact.inspection.profile import Profile, profile
from artifact.inspection.sheets import MOST_TILES, sheet_of_filters
from artifact.manifest import Part
from service.api.benchmark import BUSY, measure_alone
from service.api.evidence import cache_control
from service.api.parameters import (
    NOT_FOUND,
    NOT_READY,
    REFUSED_BODY,
    Name,
    Responses,
    VersionChoice,
    VersionQuery,
)
from service.api.predict import ONE_PICTURE, read_body
from service.api.schemas import Answer
from service.errors import InvalidField
from service.observability.recorder import record_of
from service.pipeline.bodies import read_picture
from service.pipeline.inspections import explain_answer
from service.registry import LoadedModel
from service.state import service_of

router = APIRouter(responses={**NOT_FOUND, **NOT_READY})

_PNG: Final[Responses] = {200: {"content": {"image/png": {}}, "description": "The picture."}}


class WhyChoice(VersionChoice):
    """Which model is asked why, and how much it tells."""

    model: str | None = Field(
        default=None,
        description="Name of a model; `GET /models` lists them and marks the default.",
    )
    label: list[str] = Field(
        default=[],
        max_length=10,
        description="Classes to tell of, beside the predicted one and the runner-up; may be "
        "repeated.",
    )
    layers: bool = Field(
        default=False, description="Also tell what each layer makes of the picture."
    )


class PlacesOfClass(Part):
    """What each place of the last maps adds to the logit of one class."""

    label: str
    places: list[list[float]] = Field(description="Row by row; below 0 it spoke against the class.")
    bias: float = Field(description="Added whatever the picture shows.")
    sum: float = Field(description="Of all places and the bias: the logit, by another way.")
    logit: float = Field(description="As the network computes it, before the temperature.")


class LayerMaps(Part):
    """What one layer makes of the picture."""

    number: int = Field(description="Of the layer in `GET /models/{name}/graph`, from 0.")
    maps: str = Field(
        description=f"At most {MOST_TILES} maps in rows of 16, as a PNG file, base64; blue is "
        "above 0, orange below."
    )
    largest: float = Field(description="Distance from 0 that the strongest colour stands for.")


class WhyAnswer(Part):
    """An answer, and what speaks for it."""

    answer: Answer = Field(description="Of the ONNX file, with its explanation.")
    class_maps: list[PlacesOfClass] | None = Field(
        description="Of the predicted class, of the runner-up, and of those asked for; null where "
        "the network's head does not allow it."
    )
    no_class_maps: str | None = Field(description="Why there are none, in words; else null.")
    layers: list[LayerMaps] | None = Field(
        description="Those that make maps, from input to output; only by `layers=true`."
    )


class GraphLayer(Part):
    """One operator of the ONNX file, and the activation after it."""

    name: str = Field(description="Of its weights as they were trained, or of the operator.")
    kind: LayerKind = Field(
        description="`depthwise`: one filter a channel; `pointwise`: 1x1, mixes channels only; "
        "`standard`: both at once."
    )
    operator: str = Field(description="As ONNX names it.")
    activation: str | None = Field(description="Likewise; null for none.")
    shape: tuple[int, ...] = Field(
        description="Of what it makes of one picture: channels, height, width."
    )
    weight: tuple[int, ...] | None = Field(
        description="Shape of the filters or the matrix; null where it has none."
    )
    parameters: int = Field(description="In the file: normalisation is folded in.")
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    filters: str | None = Field(description="Where its weights are drawn; null where it has none.")


class Graph(Part):
    """A network, layer by layer."""

    model: str
    version: int
    input: tuple[int, int, int] = Field(description="Channels, height, width.")
    parameters: int = Field(description="In the file: normalisation is folded in.")
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    bytes: int = Field(description="Size of the ONNX file.")
    layers: list[GraphLayer] = Field(description="From input to output.")


class ProfileChoice(VersionChoice):
    """How long a network is timed."""

    seconds: float = Field(
        default=0.2, gt=0, le=5, allow_inf_nan=False, description="At most, and at most 200 runs."
    )


class MeasuredProfile(Part):
    """Where one picture's time goes, measured here and now with ONNX Runtime's profiler."""

    model: str
    version: int
    hardware: str
    threads: int = Field(description="Of the runtime.")
    runs: int = Field(description="Timed; each time is the mean of the middle half of them.")
    layers: dict[str, float] = Field(
        description="Microseconds by the layer's name; one that was fused into another has none."
    )
    added: dict[str, float] = Field(
        description="Microseconds of what ONNX Runtime added, by operator: changes of layout."
    )
    microseconds: float = Field(
        description="From the call to the answer; more than the sum, for the profiler takes time."
    )


Number = Annotated[int, Path(ge=0, lt=10_000, description="Of the layer, from 0.", examples=[0])]
WhyQuery = Annotated[WhyChoice, Query()]
ProfileQuery = Annotated[ProfileChoice, Query()]


@router.post(
    "/explain",
    tags=["predict"],
    response_model=WhyAnswer,
    responses=REFUSED_BODY,
    openapi_extra=ONE_PICTURE,
)
async def explain(request: Request, choice: WhyQuery) -> Response:
    """Name what one picture shows, and which of its places spoke for which class.

    Where a network's last maps pass one pooling and one linear layer, a logit is exactly the sum of
    what each place adds and a bias. Send the picture as for `POST /predict`.
    """
    service = service_of(request)
    model = service.loaded().get(choice.model, choice.version)
    _check_labels(model, choice.label)
    record_of(request.scope).answered_by(model.predictor())
    data = await read_body(request, partial(read_picture, field="image"))
    [view] = await service.pictures.views(data, [model.manifest.input])

    def work() -> bytes:
        inspection = service.inspections.of(model)
        return to_json(explain_answer(inspection, model, view, choice.label, layers=choice.layers))

    return Response(await service.pictures.threads.run(work), media_type="application/json")


# Not a coroutine, nor is the next one: opening a network belongs in a thread.
@router.get("/models/{name}/graph", tags=["models"])
def get_graph(request: Request, name: Name, query: VersionQuery) -> Graph:
    """Give a network's layers from input to output: shapes, parameters, multiply-adds."""
    service = service_of(request)
    model = service.loaded().get(name, query.version)
    layers = service.inspections.of(model).layers
    root = f"{request.scope.get('root_path', '')}/models/{model.manifest.name}/graph"
    return Graph(
        model=model.manifest.name,
        version=model.manifest.version,
        input=model.manifest.input.shape,
        parameters=sum(layer.parameters for layer in layers),
        macs=sum(layer.macs for layer in layers),
        bytes=model.manifest.files["onnx"].bytes,
        layers=[
            _layer(layer, f"{root}/{number}.png?version={model.manifest.version}")
            for number, layer in enumerate(layers)
        ],
    )


@router.get(
    "/models/{name}/graph/{number}.png",
    tags=["evidence"],
    response_class=Response,
    responses=_PNG,
)
def get_filters(request: Request, name: Name, number: Number, query: VersionQuery) -> Response:
    """Draw a layer's weights: filters of one channel in rows of 16; else a row is a filter."""
    service = service_of(request)
    model = service.loaded().get(name, query.version)
    layers = service.inspections.of(model).layers
    weight = layers[number].weight if number < len(layers) else None
    if weight is None:
        raise UnknownModel(f"{model} has no layer {number} with weights")
    headers = {"Cache-Control": cache_control(query)}
    return Response(sheet_of_filters(weight), media_type="image/png", headers=headers)


@router.post("/models/{name}/profile", tags=["benchmark"], responses=BUSY)
async def measure_profile(request: Request, name: Name, query: ProfileQuery) -> MeasuredProfile:
    """Measure here and now how long each layer takes, as `POST /benchmark` measures the whole."""
    service = service_of(request)
    model = service.loaded().get(name, query.version)

    def measure(check: Callable[[], None]) -> Profile:
        layers = service.inspections.of(model).layers
        shape = model.manifest.input.shape
        return profile(model.artifact.read("onnx"), shape, layers, query.seconds, check)

    measured = await measure_alone(request, measure)
    return MeasuredProfile(
        model=model.manifest.name,
        version=model.manifest.version,
        hardware=describe_hardware(),
        threads=1,
        runs=measured.runs,
        layers=dict(measured.layers),
        added=dict(measured.added),
        microseconds=measured.whole,
    )


def _check_labels(model: LoadedModel, labels: list[str]) -> None:
    for label in labels:
        if label not in model.manifest.labels:
            message = f"{model} has no class {label[:100]!r}; `GET /models` lists its labels"
            raise InvalidField(("query", "label"), "unknown_label", message)


def _layer(layer: NetworkLayer, filters: str) -> GraphLayer:
    return GraphLayer(
        name=layer.name,
        kind=layer.kind,
        operator=layer.operator,
        activation=layer.activation,
        shape=layer.shape,
        weight=None if layer.weight is None else layer.weight.shape,
        parameters=layer.parameters,
        macs=layer.macs,
        filters=None if layer.weight is None else filters,
    )

"""Why a network answers so: which places spoke for which class, and what it sees alike."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json

from artifact.datasets import StoredDataset
from artifact.errors import UnknownModel
from artifact.inspection.class_map import NoClassMap
from artifact.inspection.nearest import FeatureIndex, index_features
from artifact.inspection.sheets import MOST_TILES
from artifact.manifest import Part
from service.api.parameters import NOT_FOUND, NOT_READY, REFUSED_BODY, VersionChoice
from service.api.predict import ONE_PICTURE, read_body
from service.api.schemas import Answer, OfModel
from service.errors import InvalidField
from service.observability.recorder import record_of
from service.pipeline.bodies import read_picture
from service.pipeline.inspections import best_two, explain_answer
from service.registry import LoadedModel
from service.state import Service, service_of
from vision.preprocess import View

router = APIRouter(tags=["predict"], responses={**NOT_FOUND, **NOT_READY, **REFUSED_BODY})


class ModelChoice(VersionChoice):
    """Which model is asked."""

    model: str | None = Field(
        default=None,
        description="Name of a model; `GET /models` lists them and marks the default.",
    )


class WhyChoice(ModelChoice):
    """Which model is asked why, and how much it tells."""

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


class NearestChoice(ModelChoice):
    """Which model compares, and how many pictures are told."""

    count: int = Field(default=6, ge=1, le=50, description="Pictures of each class.")


class NearPicture(Part):
    """A test picture of a class."""

    index: int = Field(description="Of `GET /datasets/{dataset}/test-pictures/{index}`.")
    distance: float = Field(
        description="Euclidean, between what the last linear layer takes of the two pictures."
    )


class NearestOfClass(Part):
    """The test pictures of one class that the network sees most like the one that was sent."""

    label: str
    pictures: list[NearPicture] = Field(description="The nearest first.")


class NearestAnswer(OfModel):
    """Nearest test pictures of the predicted class and of the runner-up."""

    dataset: str = Field(description="Name in `GET /datasets`.")
    compared: int = Field(description="Test pictures whose features were compared.")
    test_pictures: int = Field(description="That there are.")
    nearest: list[NearestOfClass] = Field(description="Of the predicted class, then of the next.")


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


@router.post("/explain", response_model=WhyAnswer, openapi_extra=ONE_PICTURE)
async def explain(request: Request, choice: Annotated[WhyChoice, Query()]) -> Response:
    """Name what one picture shows, and which of its places spoke for which class.

    Where a network's last maps pass one pooling and one linear layer, a logit is exactly the sum of
    what each place adds and a bias. Send the picture as for `POST /predict`.
    """
    service = service_of(request)
    model = service.loaded().get(choice.model, choice.version)
    _check_labels(model, choice.label)
    view = await _view(request, model)

    def work() -> bytes:
        inspection = service.inspections.of(model)
        return to_json(explain_answer(inspection, model, view, choice.label, layers=choice.layers))

    return Response(await service.pictures.threads.run(work), media_type="application/json")


@router.post("/nearest", openapi_extra=ONE_PICTURE)
async def find_nearest(
    request: Request, choice: Annotated[NearestChoice, Query()]
) -> NearestAnswer:
    """Find the test pictures that a network sees most like one picture.

    The first request for a model computes the features of its test pictures, which takes some
    seconds. Send the picture as for `POST /predict`.
    """
    service = service_of(request)
    model = service.loaded().get(choice.model, choice.version)
    stored = service.datasets.of(model.manifest)
    if stored is None:
        raise UnknownModel(f"the test pictures of {model} were not published")
    view = await _view(request, model)
    index = await service.neighbours.of(model, partial(_index, service, model, stored))

    def work() -> list[NearestOfClass]:
        inspection, labels = service.inspections.of(model), model.manifest.labels
        [features], logits = inspection.features(model.predictor().batch([view]))
        return [
            NearestOfClass(
                label=label,
                pictures=[
                    NearPicture(index=place, distance=distance)
                    for place, distance in index.nearest(
                        features, labels.index(label), choice.count
                    )
                ],
            )
            for label in best_two(model, logits)
        ]

    return NearestAnswer(
        **model.identity,
        dataset=stored.dataset.name,
        compared=len(index.places),
        test_pictures=len(stored.dataset),
        nearest=await service.pictures.threads.run(work),
    )


async def _view(request: Request, model: LoadedModel) -> View:
    """Read a request's picture as the model sees it."""
    record = record_of(request.scope)
    record.answered_by(model.predictor())
    data = await read_body(request, partial(read_picture, field="image"))
    [view] = await service_of(request).pictures.views(data, [model.manifest.input], record.trace)
    return view


def _index(service: Service, model: LoadedModel, stored: StoredDataset) -> FeatureIndex:
    inspection = service.inspections.of(model)
    try:
        return index_features(inspection, model.manifest, stored, service.check_running)
    except NoClassMap as reason:
        raise UnknownModel(f"{model} has no features to compare: {reason}") from reason


def _check_labels(model: LoadedModel, labels: list[str]) -> None:
    for label in labels:
        if label not in model.manifest.labels:
            message = f"{model} has no class {label[:100]!r}; `GET /models` lists its labels"
            raise InvalidField(("query", "label"), "unknown_label", message)

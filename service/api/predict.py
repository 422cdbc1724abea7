"""Pictures in, predictions out.

`service.pipeline.shortcut` answers plain requests to `POST /predict` before they come here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from artifact.predictor import Prediction, Predictor
from service.api.explanation import explain
from service.api.parameters import (
    NOT_FOUND,
    NOT_READY,
    REFUSED_BODY,
    Choice,
    ChoiceQuery,
    PredictQuery,
    RuntimesQuery,
)
from service.api.schemas import Answer, BatchAnswer, Comparison
from service.errors import kind_of, status_of
from service.observability.recorder import record_of
from service.pipeline.answers import answer
from service.pipeline.bodies import MULTIPART, RAW, read_picture, read_pictures
from service.registry import LoadedModel, ModelRegistry
from service.state import Service, service_of
from vision.errors import ImageError
from vision.preprocess import View

router = APIRouter(tags=["predict"], responses={**REFUSED_BODY, **NOT_FOUND, **NOT_READY})

_FILE: Final = {"type": "string", "format": "binary"}


def _form(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"schema": {"type": "object", "required": [field], "properties": {field: schema}}}


def _body(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}


_ONE_PICTURE: Final = _body(
    {
        MULTIPART: _form("image", _FILE),
        **{kind: {"schema": _FILE} for kind in ("image/png", "image/jpeg", "image/*", RAW)},
    }
)
_SEVERAL_PICTURES: Final = _body({MULTIPART: _form("images", {"type": "array", "items": _FILE})})


@router.post("/predict", response_model=Answer, openapi_extra=_ONE_PICTURE)
async def predict(request: Request, choice: PredictQuery) -> Response:
    """Name what one picture shows.

    Send the picture as the file `image` of a form, or as the body itself with its own
    `Content-Type` (`image/*` or `application/octet-stream`).
    """
    service = service_of(request)
    predictor = _predictor(service.loaded(), choice)
    record_of(request.scope).answered_by(predictor)
    data = await read_picture(request, "image")
    [view] = await service.pictures.views(data, [predictor.manifest.input])
    [prediction] = await _predictions(service, predictor, [view])
    text = answer(predictor, prediction)
    return _json(text | {"explanation": explain(view)} if choice.explain else text)


@router.post("/predict/batch", response_model=BatchAnswer, openapi_extra=_SEVERAL_PICTURES)
async def predict_batch(request: Request, choice: ChoiceQuery) -> Response:
    """Name what each of several pictures shows, in their order.

    Send them as files `images` of a form. A picture that is refused has the reason and the
    status in the place of its answer; the others are answered as one batch.
    """
    service = service_of(request)
    predictor = _predictor(service.loaded(), choice)
    pictures = await read_pictures(request, "images", service.settings.max_files)
    record_of(request.scope).answered_by(predictor, len(pictures))
    outcomes = await service.pictures.view_each(pictures, predictor.manifest.input)
    for outcome in outcomes:
        if isinstance(outcome, ImageError):
            service.telemetry.refused(kind_of(type(outcome)))
    views = [outcome for outcome in outcomes if isinstance(outcome, View)]
    predictions = iter(await _predictions(service, predictor, views))
    answers = [
        _refusal(outcome)
        if isinstance(outcome, ImageError)
        else answer(predictor, next(predictions))
        for outcome in outcomes
    ]
    return _json({"answers": answers})


@router.post("/compare", response_model=Comparison, openapi_extra=_ONE_PICTURE)
async def compare(request: Request, choice: RuntimesQuery) -> Response:
    """Show one picture to every model, each in its highest version, and compare their answers.

    Send the picture as for `POST /predict`.
    """
    service = service_of(request)
    predictors = list(_contestants(service.loaded().latest(), choice.runtimes == "all"))
    data = await read_picture(request, "image")
    inputs = list(dict.fromkeys(predictor.manifest.input for predictor in predictors))
    views = dict(zip(inputs, await service.pictures.views(data, inputs), strict=True))
    answers = []
    for predictor in predictors:
        view = views[predictor.manifest.input]
        [prediction] = await _predictions(service, predictor, [view])
        answers.append(answer(predictor, prediction))
    return _json({"agree": _agree(answers), "answers": answers})


def _predictor(models: ModelRegistry, choice: Choice) -> Predictor:
    return models.get(choice.model, choice.version).predictor(choice.runtime)


async def _predictions(
    service: Service, predictor: Predictor, views: Sequence[View]
) -> list[Prediction]:
    if not views:
        return []
    logits = await service.inference.run(predictor, predictor.batch(views))
    return predictor.answers(views, logits)


def _contestants(models: Sequence[LoadedModel], every_runtime: bool) -> Iterable[Predictor]:
    for model in models:
        if every_runtime:
            yield from model.predictors.values()
        else:
            yield model.predictor()


def _agree(answers: Sequence[dict[str, Any]]) -> bool:
    return len({each["label"] for each in answers}) == 1


def _refusal(error: ImageError) -> dict[str, Any]:
    return {"detail": str(error), "status": status_of(error)}


def _json(content: dict[str, Any]) -> Response:
    return Response(to_json(content), media_type="application/json")

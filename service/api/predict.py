"""Pictures in, predictions out."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Annotated, Final, Literal, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json

from artifact.manifest import Part
from artifact.predictor import Prediction, Predictor
from service.api.parameters import NOT_FOUND, NOT_READY, REFUSED_BODY
from service.api.schemas import Answer, BatchAnswer, Comparison
from service.errors import kind_of, status_of
from service.observability.recorder import record_of
from service.pipeline.bodies import RAW, read_picture, read_pictures
from service.pipeline.forms import MULTIPART
from service.pipeline.predict import Choice, PredictChoice, PredictRequest, answer, explain
from service.state import service_of
from vision.errors import ImageError
from vision.input import Preprocess
from vision.preprocess import View

router = APIRouter(tags=["predict"], responses={**REFUSED_BODY, **NOT_FOUND, **NOT_READY})

Body = TypeVar("Body")
SeenAs = tuple[tuple[int, int, int], Literal["L", "RGB"], Preprocess]

_JSON: Final = "application/json"
_SMALL_BYTES: Final = 65_536
_FILE: Final = {"type": "string", "format": "binary"}


def _form(field: str, schema: Mapping[str, object]) -> dict[str, object]:
    return {
        "schema": {
            "type": "object",
            "required": [field],
            "properties": {field: schema},
            "additionalProperties": False,
        }
    }


def _body(content: dict[str, object]) -> dict[str, object]:
    return {"requestBody": {"required": True, "content": content}}


ONE_PICTURE: Final = _body(
    {
        MULTIPART: _form("image", _FILE),
        **{kind: {"schema": _FILE} for kind in ("image/png", "image/jpeg", "image/*", RAW)},
    }
)
_SEVERAL_PICTURES: Final = _body(
    {MULTIPART: _form("images", {"type": "array", "items": _FILE, "minItems": 1})}
)


class CompareChoice(Part):
    """Which models are compared, on which runtimes, and how much is said."""

    model: list[str] = Field(
        default=[], max_length=100, description="Names; may be repeated. Unset: every model."
    )
    runtimes: Literal["default", "all"] = Field(
        default="default",
        description="Each model on its first runtime, or on all that it is open on.",
    )
    explain: bool = Field(
        default=False,
        description="Also say what the networks saw, where in the picture, and how long each took.",
    )


@router.post("/predict", response_model=Answer, openapi_extra=ONE_PICTURE)
async def predict(request: Request, choice: Annotated[PredictChoice, Query()]) -> Response:
    """Name what one picture shows.

    Send the picture as the file `image` of a form, or as the body itself with its own
    `Content-Type` (`image/*` or `application/octet-stream`).
    """
    service = service_of(request)
    predictor = choice.predictor(service.loaded())
    record = record_of(request.scope)
    record.answered_by(predictor)
    picture = await read_body(request, partial(read_picture, field="image"))
    rendered = await service.predict.run(
        PredictRequest(predictor, picture, choice.explain), record.trace
    )
    return Response(rendered.body, media_type=_JSON)


@router.post("/predict/batch", response_model=BatchAnswer, openapi_extra=_SEVERAL_PICTURES)
async def predict_batch(request: Request, choice: Annotated[Choice, Query()]) -> Response:
    """Name what each of several pictures shows, in their order.

    Send them as files `images` of a form. A picture that is refused has the reason and the
    status in the place of its answer; the others are answered as one batch.
    """
    service = service_of(request)
    predictor = choice.predictor(service.loaded())
    read = partial(read_pictures, field="images", most=service.settings.max_files)
    pictures = await read_body(request, read)
    record = record_of(request.scope)
    record.answered_by(predictor, len(pictures))
    outcomes = await service.pictures.view_each(pictures, predictor.manifest.input, record.trace)
    for outcome in outcomes:
        if isinstance(outcome, ImageError):
            service.telemetry.refused(kind_of(type(outcome)))
    views = [outcome for outcome in outcomes if isinstance(outcome, View)]
    predictions = iter(await _predictions(request, predictor, views))
    answers = [
        {"detail": str(outcome), "status": status_of(outcome)}
        if isinstance(outcome, ImageError)
        else answer(predictor, next(predictions))
        for outcome in outcomes
    ]
    return _json({"answers": answers})


@router.post("/compare", response_model=Comparison, openapi_extra=ONE_PICTURE)
async def compare(request: Request, choice: Annotated[CompareChoice, Query()]) -> Response:
    """Show one picture to several models, each in its highest version, and compare their answers.

    Send the picture as for `POST /predict`.
    """
    service = service_of(request)
    models = service.loaded()
    chosen = [models.get(name) for name in choice.model] or models.latest()
    predictors = [model.predictor() for model in chosen]
    if choice.runtimes == "all":
        predictors = [each for model in chosen for each in model.predictors.values()]
    data = await read_body(request, partial(read_picture, field="image"))
    inputs = {_seen_as(predictor): predictor.manifest.input for predictor in predictors}
    trace = record_of(request.scope).trace
    seen = await service.pictures.views(data, list(inputs.values()), trace)
    views = dict(zip(inputs, seen, strict=True))
    answers = []
    for predictor in predictors:
        view, started = views[_seen_as(predictor)], perf_counter()
        [prediction] = await _predictions(request, predictor, [view])
        milliseconds = {"milliseconds": 1000 * (perf_counter() - started)} if choice.explain else {}
        answers.append(answer(predictor, prediction) | milliseconds)
    agree = len({each["label"] for each in answers}) == 1
    explanations = {"explanations": _explanations(predictors, views)} if choice.explain else {}
    return _json({"agree": agree, "answers": answers} | explanations)


async def read_body(request: Request, read: Callable[[str | None, bytes], Body]) -> Body:
    """Read the body of a request; a long one in a thread, for it is joined and searched through."""
    chunks = [chunk async for chunk in request.stream()]
    content_type = request.headers.get("content-type")

    def read_joined() -> Body:
        return read(content_type, b"".join(chunks))

    if sum(map(len, chunks)) <= _SMALL_BYTES:
        return read_joined()
    return await service_of(request).pictures.threads.run(read_joined)


async def _predictions(
    request: Request, predictor: Predictor, views: Sequence[View]
) -> list[Prediction]:
    if not views:
        return []
    trace = record_of(request.scope).trace
    inference = service_of(request).inference
    logits, _ = await inference.run(predictor, predictor.batch(views), (trace,))
    return predictor.answers(views, logits)


def _seen_as(predictor: Predictor) -> SeenAs:
    """Say by what a picture's view is made: models that share it see the same."""
    seen = predictor.manifest.input
    return seen.shape, seen.mode, seen.preprocess


def _explanations(
    predictors: Sequence[Predictor], views: Mapping[SeenAs, View]
) -> list[dict[str, object]]:
    """Say what was seen, once for all models that see the same."""
    models: dict[SeenAs, set[str]] = {key: set() for key in views}
    for predictor in predictors:
        models[_seen_as(predictor)].add(predictor.manifest.name)
    return [explain(view) | {"models": sorted(models[key])} for key, view in views.items()]


def _json(content: dict[str, object]) -> Response:
    return Response(to_json(content), media_type=_JSON)

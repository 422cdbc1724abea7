"""Inference: tensors or pictures in, tensors out."""

from math import prod
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope

from artifact.predictor import Predictor
from service.observability.recorder import record_of
from service.registry import LoadedModel
from service.settings import Settings
from service.state import Service, service_of
from service.v2.body import Body, Fields, fields_of, read_body
from service.v2.documentation import INFER
from service.v2.errors import PREFIX
from service.v2.inputs import Content
from service.v2.lookup import Name, Version, began_with, find
from service.v2.outputs import Inferred, answer, check, check_size, count_values
from service.v2.request import SMALL, InferRequest, parse, parse_raw
from service.v2.response import Answer, respond
from service.v2.statistics import Stopwatch

_MOST_VALUES: Final = 500_000  # of a tensor in JSON, however many the model takes
_OTHER_VALUES: Final = 10_000  # of a request's JSON, beside those of its tensor
_INLINE_TENSORS: Final = 1_000_000  # bytes that are looked through, or copied, in a millisecond
_INLINE_VALUES: Final = 4_096  # of an answer, which are written in a few milliseconds

router = APIRouter(prefix=PREFIX)


@router.post("/models/{name}/infer", **INFER)
async def infer(request: Request, name: Name) -> Response:
    """Run a batch through a model, in its highest version.

    Send either the tensor that the network takes, already normalised, or encoded pictures, which
    the service preprocesses as `POST /predict` does. Tensors are JSON or bytes each way. Where no
    outputs are named, the logits are the answer; the metadata lists what else can be asked for.
    """
    return await _respond(request, name)


@router.post("/models/{name}/versions/{version}/infer", **INFER)
async def infer_with_version(request: Request, name: Name, version: Version) -> Response:
    """Run a batch through that version of a model."""
    return await _respond(request, name, version)


async def _respond(request: Request, name: str, version: str | None = None) -> Response:
    found = await run(service_of(request), request.scope, request.receive, name, version)
    return Response(found.data, headers=found.fields)


async def run(
    service: Service, scope: Scope, receive: Receive, name: str, version: str | None = None
) -> Answer:
    """Answer a request to infer.

    Raises:
        Refused: 400, something is wrong with it; 413, it is too large; 503, it has to wait.
        UnknownModel: There is no such model, version or runtime.
    """
    model = began_with(scope) or find(service.loaded(), name, version)
    fields = fields_of(scope)
    body = await read_body(fields, receive)
    with service.open_inference.statistics.of(model).request() as watch:
        wanted, content = await _read(service, model, body)
        inferred = await _compute(service, model, wanted, content, watch)
        record_of(scope).answered_by(model.predictor(wanted.runtime), len(inferred.logits))
        found = await _write(service, model, wanted, inferred, fields)
        watch.lap("compute_output")
    return found


def parse_body(body: Body, model: LoadedModel, settings: Settings) -> InferRequest:
    """Read what a body asks of a model.

    Raises:
        Refused: As for `parse` and `parse_raw`; the model has no such output.
    """
    shape = model.manifest.input.shape
    if body.head is None:
        return parse_raw(body.tensors, model.predictor().input_name, shape)
    request = parse(
        body.head,
        body.tensors,
        most_bytes=settings.max_json_bytes,
        most_values=min(settings.max_batch_size * prod(shape), _MOST_VALUES) + _OTHER_VALUES,
    )
    check(model.predictor(), request)
    return request


def is_small(predictor: Predictor, request: InferRequest, pictures: int) -> bool:
    """Whether the answer is written in no time."""
    return count_values(predictor, request, pictures) <= _INLINE_VALUES


def write(model: LoadedModel, wanted: InferRequest, inferred: Inferred, asked: Fields) -> Answer:
    """Write the answer of a model, as the request's header fields accept it.

    Raises:
        Refused: 400, JSON is asked for and cannot hold the values.
    """
    manifest = model.manifest
    head = {"model_name": manifest.name, "model_version": str(manifest.version)}
    if wanted.id is not None:
        head["id"] = wanted.id
    return respond(head, answer(inferred, wanted), asked)


async def _read(service: Service, model: LoadedModel, body: Body) -> tuple[InferRequest, Content]:
    """Parse a body and look through its tensors; in a thread, where that takes a while."""

    def read() -> tuple[InferRequest, Content]:
        request = parse_body(body, model, service.settings)
        content = parts.inputs.read(model.predictor(), request.inputs)
        check_size(model.predictor(), request, len(content))
        return request, content

    parts = service.open_inference
    if len(body.head or b"") <= SMALL and len(body.tensors) <= _INLINE_TENSORS:
        return read()
    return await parts.threads.run(read)


async def _write(
    service: Service, model: LoadedModel, wanted: InferRequest, inferred: Inferred, asked: Fields
) -> Answer:
    if is_small(model.predictor(), wanted, len(inferred.logits)):
        return write(model, wanted, inferred, asked)
    return await service.open_inference.threads.run(write, model, wanted, inferred, asked)


async def _compute(
    service: Service,
    model: LoadedModel,
    wanted: InferRequest,
    content: Content,
    watch: Stopwatch,
) -> Inferred:
    own, chosen = model.predictor(), model.predictor(wanted.runtime)
    prepared = await service.open_inference.inputs.prepare(own, content)
    watch.pictures = len(prepared.batch)
    watch.lap("compute_input")
    logits, waited = await service.inference.run_timed(chosen, prepared.batch)
    watch.lap_infer(waited)
    return Inferred(own, logits, prepared.views)

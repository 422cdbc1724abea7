"""Inference: tensors or pictures in, tensors out; on the fast path and as routes."""

from contextlib import suppress
from typing import Final

from fastapi import APIRouter, Request, Response

from artifact.errors import UnknownModel
from service.errors import Refused
from service.limits.admission import INFER_PATH, infer_route
from service.observability.record import RequestRecord
from service.observability.recorder import record_of
from service.pipeline.engine import Call, Deliver, Endpoint, FallBack, Scope
from service.state import Service, service_of
from service.v2.body import Body, BodyBuffer, Fields, read_whole
from service.v2.engine import Arrived
from service.v2.lookup import PREFIX, find
from service.v2.schemas import INFER, Name, Version
from service.v2.statistics import Stopwatch

router = APIRouter(prefix=PREFIX)

_BEGAN_WITH: Final = "tandem.model"  # in an ASGI scope: the model that was there when the head came


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
    service, record = service_of(request), record_of(request.scope)
    model = request.scope.get(_BEGAN_WITH) or find(service.loaded(), name, version)
    body = await _read(request, record.headers)
    answer = await service.infer.run(Arrived(model, body, record, Stopwatch()), record.trace)
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, headers={"content-length": str(len(answer.body)), **headers})


async def _read(request: Request, fields: Fields) -> Body:
    buffer = BodyBuffer(fields)
    async for chunk in request.stream():
        buffer.add(chunk)
    return buffer.split()


class InferEndpoint(Endpoint):
    """Answers the protocol's requests to infer on the fast path."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def begin(self, path: str, scope: Scope) -> str | None:
        """Name the route of a request to infer; its model stays the one that answers."""
        named, models = INFER_PATH.fullmatch(path), self._service.models
        if named is None or models is None:
            return None
        with suppress(Refused, UnknownModel):
            scope[_BEGAN_WITH] = find(models, *named.groups())
        return infer_route(named[2])

    def submit(self, scope: Scope, body: bytes, record: RequestRecord, deliver: Deliver) -> Call:
        """Begin with a request that is there."""
        model, fields = scope.get(_BEGAN_WITH), record.headers
        if model is None:
            raise FallBack("unknown-model")
        arrived = Arrived(model, read_whole(body, fields), record, Stopwatch())
        return self._service.infer.submit(arrived, deliver, record.trace)

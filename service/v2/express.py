"""Plain requests to infer, those of one turn of the event loop together."""

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from service.observability.record import RequestIds
from service.pipeline.express import Express, Group, Request, Text
from service.registry import LoadedModel
from service.state import Service
from service.v2.body import Fields, fields_of, read_whole
from service.v2.infer import is_small, parse_body, write
from service.v2.lookup import began_with, begin, named_model, route_of
from service.v2.outputs import Inferred
from service.v2.request import InferRequest
from service.v2.response import Answer
from service.v2.statistics import Stopwatch


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks, and its batch [N, C, H, W]."""

    model: LoadedModel
    wanted: InferRequest
    batch: Batch
    fields: Fields
    watch: Stopwatch


class InferExpress(Express[Asked]):
    """Answers what a network makes of a small tensor."""

    def __init__(self, service: Service, ids: RequestIds) -> None:
        super().__init__(service, ids)
        self._service = service
        self._parts = service.open_inference
        self._most_bytes = service.settings.max_body_bytes

    def _may_be_plain(self, scope: MutableMapping[str, Any]) -> bool:
        models = self._service.models
        return models is not None and begin(models, scope) is not None

    def _read(self, turn: Sequence[Request]) -> Iterator[tuple[Predictor, Asked] | None]:
        pictures = 0
        for request in turn:
            asked = self._ask(request)
            if asked is not None and pictures + len(asked.batch) <= self._most:
                pictures += len(asked.batch)
                yield asked.model.predictor(asked.wanted.runtime), asked
            else:
                yield None

    def _ask(self, request: Request) -> Asked | None:
        try:
            return self._parse(request)
        except Exception:  # noqa: BLE001 - the application meets it again, and says what it is
            return None

    def _parse(self, request: Request) -> Asked | None:
        model, fields = began_with(request.scope), fields_of(request.scope)
        body = read_whole(request.body, fields) if len(request.body) <= self._most_bytes else None
        if model is None or body is None:
            return None
        watch = Stopwatch()
        wanted = parse_body(body, model, self._service.settings)
        own = model.predictor()
        model.predictor(wanted.runtime)
        batch = self._parts.inputs.read(own, wanted.inputs)
        if isinstance(batch, list) or not is_small(own, wanted, len(batch)):
            return None
        watch.pictures = len(batch)
        watch.lap("compute_input")
        return Asked(model, wanted, batch, fields, watch)

    def _batch(self, group: Group[Asked]) -> Batch:
        batches = [asked.batch for asked in group.items]
        return batches[0] if len(batches) == 1 else np.concatenate(batches)

    def _texts(self, group: Group[Asked], logits: Logits, began: float) -> Iterable[Text | None]:
        end = 0
        for asked in group.items:
            start, end = end, end + len(asked.batch)
            asked.watch.lap_infer_since(began)
            yield self._text(asked, logits[start:end])

    def _text(self, asked: Asked, logits: Logits) -> Text | None:
        inferred = Inferred(asked.model.predictor(), logits, None)
        try:
            answer = write(asked.model, asked.wanted, inferred, asked.fields)
        except Exception:  # noqa: BLE001 - the application meets it again, and says what it is
            return None
        asked.watch.lap("compute_output")
        self._parts.statistics.of(asked.model).succeed(asked.watch)
        return Text(_lines(answer), answer.data)

    def _route(self, request: Request) -> str:
        named = named_model(request.scope)
        return route_of(*named) if named else ""


def _lines(answer: Answer) -> bytes:
    fields = answer.raw_fields()[1:]  # the length is written for every answer
    return b"".join(b"%b: %b\r\n" % field for field in fields)

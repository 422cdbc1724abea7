"""Requests to infer that the connection answers itself, those of one turn together."""

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from service.observability.record import RequestRecord
from service.observability.telemetry import Trace
from service.pipeline.engine import Call, Engine, Group, Rendered
from service.pipeline.turns import TurnQueue
from service.registry import LoadedModel
from service.server.fast_path import Deliver, Endpoint, FallBack
from service.state import Service
from service.v2.body import Fields, fields_of, read_whole
from service.v2.infer import is_small, parse_body, write
from service.v2.lookup import began_with, begin, named_model, route_of
from service.v2.outputs import Inferred
from service.v2.request import InferRequest
from service.v2.statistics import Stopwatch


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks, and its batch [N, C, H, W]."""

    model: LoadedModel
    wanted: InferRequest
    batch: Batch
    fields: Fields
    watch: Stopwatch


@dataclass(frozen=True, slots=True)
class Unread:
    """A request whose body is there."""

    scope: MutableMapping[str, Any]
    body: bytes
    record: RequestRecord


class InferEngine(Engine[Unread, Asked]):
    """Answers what a network makes of a tensor."""

    def __init__(self, service: Service) -> None:
        super().__init__(service.inference, service.settings.max_batch)
        self._service = service
        self._parts = service.open_inference
        self._arrived = TurnQueue[tuple[Call, Unread]](self._read, service.settings.max_batch)

    def submit(
        self, request: Unread, deliver: Callable[[Rendered | Exception], None], trace: Trace
    ) -> Call:
        """Begin with a request, which is read together with others of this turn."""
        call = Call(deliver, trace)
        self._arrived.put((call, request))
        return call

    def _read(self, arrived: Sequence[tuple[Call, Unread]], until: float) -> int:
        read: list[tuple[Call, Predictor, Asked]] = []
        count = 0
        for call, request in arrived:
            count += 1
            watch = Stopwatch()
            try:
                asked = self._parse(request, watch)
            except Exception as error:  # noqa: BLE001 - it belongs to this request alone
                self._fail_alone(call, request, watch, error)
            else:
                read.append((call, asked.model.predictor(asked.wanted.runtime), asked))
            if perf_counter() > until:
                break
        self._infer_together(read)
        return count

    def _fail_alone(self, call: Call, request: Unread, watch: Stopwatch, error: Exception) -> None:
        model = began_with(request.scope)
        if model is not None and not isinstance(error, FallBack):
            self._parts.statistics.of(model).fail(watch)
        call.end(error)

    def _parse(self, request: Unread, watch: Stopwatch) -> Asked:
        model, fields = began_with(request.scope), fields_of(request.scope)
        if model is None:
            raise FallBack("unknown-model")
        wanted = parse_body(read_whole(request.body, fields), model, self._service.settings)
        own = model.predictor()
        predictor = model.predictor(wanted.runtime)
        batch = self._parts.inputs.read(own, wanted.inputs)
        if isinstance(batch, list):
            raise FallBack("pictures")
        if not is_small(own, wanted, len(batch)):
            raise FallBack("large-answer")
        watch.pictures = len(batch)
        watch.lap("compute_input")
        request.record.answered_by(predictor, len(batch))
        return Asked(model, wanted, batch, fields, watch)

    def _size(self, item: Asked) -> int:
        return len(item.batch)

    def _batch(self, group: Group[Asked]) -> Batch:
        batches = [asked.batch for asked in group.items]
        return batches[0] if len(batches) == 1 else np.concatenate(batches)

    def _render(
        self, group: Group[Asked], logits: Logits, began: float
    ) -> Iterator[Rendered | Exception]:
        end = 0
        for asked in group.items:
            start, end = end, end + len(asked.batch)
            asked.watch.lap_infer_since(began)
            yield self._write(asked, logits[start:end])

    def _write(self, asked: Asked, logits: Logits) -> Rendered | Exception:
        inferred = Inferred(asked.model.predictor(), logits, None)
        try:
            answer = write(asked.model, asked.wanted, inferred, asked.fields)
        except Exception as error:  # noqa: BLE001 - it belongs to this request alone
            self._parts.statistics.of(asked.model).fail(asked.watch)
            return error
        asked.watch.lap("compute_output")
        self._parts.statistics.of(asked.model).succeed(asked.watch)
        return Rendered(answer.data, tuple(answer.raw_fields()[1:]))


class InferEndpoint(Endpoint):
    """Answers the protocol's requests to infer."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._engine = InferEngine(service)

    def begin(self, scope: MutableMapping[str, Any]) -> str | None:
        """Name the route of a request to infer; its model stays the one that answers."""
        named = named_model(scope)
        models = self._service.models
        if named is None or models is None:
            return None
        begin(models, scope)
        return route_of(*named)

    def submit(
        self,
        scope: MutableMapping[str, Any],
        body: bytes,
        record: RequestRecord,
        deliver: Deliver,
    ) -> Call:
        """Begin with a request that is there."""
        return self._engine.submit(Unread(scope, body, record), deliver, record.trace)

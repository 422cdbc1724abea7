"""Inference by the protocol: from a body that is there to the answer.

Small tensors go through each step together with those of the same turn of the event loop. Pictures,
and whatever is large, take a task and threads of their own.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from math import prod
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from service.limits.threads import Threads
from service.observability.record import RequestRecord
from service.observability.telemetry import Trace
from service.pipeline.decoding import Pictures
from service.pipeline.engine import Call, Deliver, Engine, Group, Rendered
from service.pipeline.inference import Inference
from service.pipeline.turns import TurnQueue
from service.registry import LoadedModel
from service.settings import Settings
from service.v2.body import Body
from service.v2.inputs import Content, read_input, see_all
from service.v2.outputs import Inferred, check, count_values, render
from service.v2.request import SMALL, InferRequest, parse, parse_raw
from service.v2.statistics import Statistics, Stopwatch
from vision.preprocess import View

_MOST_VALUES: Final = 500_000  # of a tensor in JSON, however many the model takes
_OTHER_VALUES: Final = 10_000  # of a request's JSON, beside those of its tensor
_INLINE_TENSORS: Final = 1_000_000  # bytes that are looked through, or copied, in a millisecond
_INLINE_VALUES: Final = 4_096  # of an answer, which are written in a few milliseconds


class Arrived(NamedTuple):
    """A request of which the body is there."""

    model: LoadedModel
    body: Body
    record: RequestRecord
    watch: Stopwatch


class Ready(NamedTuple):
    """A request that is read, and its batch [N, C, H, W]; its views, if it had pictures."""

    arrived: Arrived
    request: InferRequest
    batch: Batch
    views: Sequence[View] | None = None


_Read = tuple[InferRequest, Content, bool]  # and whether the answer is written in no time


class InferEngine(Engine[Arrived, Ready]):
    """Answers what a network makes of a tensor or of pictures."""

    def __init__(self, pictures: Pictures, inference: Inference, settings: Settings) -> None:
        super().__init__(inference)
        self.statistics = Statistics()
        self._settings = settings
        self._pictures = pictures
        self._threads = Threads(settings.pool_size, settings.queue_seconds, "open-inference")
        self._small = TurnQueue[Call](self._read_small, settings.max_batch)

    def submit(self, request: Arrived, deliver: Deliver, trace: Trace) -> Call:
        """Begin with a request; a small one is read together with others of this turn."""
        call, body = Call(request, partial(self._count, request, deliver), trace), request.body
        if len(body.head or b"") <= SMALL and len(body.tensors) <= _INLINE_TENSORS:
            self._small.put(call)
        else:
            call.work = self._start(self._answer_alone(call))
        return call

    def _count(self, arrived: Arrived, deliver: Deliver, outcome: Rendered | Exception) -> None:
        counts = self.statistics.of(arrived.model)
        if isinstance(outcome, Exception):
            counts.fail(arrived.watch)
        else:
            counts.succeed(arrived.watch)
        deliver(outcome)

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self._threads.close()

    def _read_small(self, calls: Sequence[Call], until: float) -> int:
        ready: list[tuple[Call, Predictor, Ready]] = []
        count = 0
        for call in calls:
            count += 1
            try:
                request, content, small_answer = read = self._read(call.request)
            except Exception as error:  # noqa: BLE001 - it belongs to this request alone
                call.end(error)  # logged where it is delivered
            else:
                if isinstance(content, list) or not small_answer:
                    call.work = self._start(self._answer_alone(call, read))
                else:
                    ready.append((call, *_prepared(Ready(call.request, request, content))))
            if perf_counter() > until:
                break
        self._infer_together(ready)
        return count

    def _read(self, arrived: Arrived) -> _Read:
        """Read what a request asks of its model.

        Raises:
            Refused: 400 or 413, something is wrong with it.
            UnknownModel: The model does not run on the runtime that it names.
        """
        own, body = arrived.model.predictor(), arrived.body
        shape = own.manifest.input.shape
        if body.head is None:
            request = parse_raw(body.tensors, own.input_name, shape)
        else:
            request = parse(
                body.head,
                body.tensors,
                most_bytes=self._settings.max_json_bytes,
                most_values=min(self._settings.max_batch_size * prod(shape), _MOST_VALUES)
                + _OTHER_VALUES,
            )
            check(own, request)
        arrived.model.predictor(request.runtime)
        content = read_input(own, request.inputs, self._settings)
        return request, content, count_values(own, request, len(content)) <= _INLINE_VALUES

    def _size(self, item: Ready) -> int:
        return len(item.batch)

    def _batch(self, group: Group[Ready]) -> Batch:
        batches = [ready.batch for ready in group.items]
        return batches[0] if len(batches) == 1 else np.concatenate(batches)

    def _render(
        self, group: Group[Ready], logits: Logits, began: float
    ) -> Iterator[Rendered | Exception]:
        end = 0
        for ready in group.items:
            start, end = end, end + len(ready.batch)
            ready.arrived.watch.lap_infer(began)
            answer: Rendered | Exception
            try:
                answer = _render(ready, logits[start:end])
            except Exception as error:  # noqa: BLE001 - it belongs to this request alone
                answer = error  # logged where it is delivered
            yield answer

    async def _answer_alone(self, call: Call, read: _Read | None = None) -> None:
        try:
            answer = await self._infer_alone(call.request, read, call.trace)
        except Exception as error:  # noqa: BLE001 - it belongs to this request alone
            call.end(error)  # logged where it is delivered
        else:
            call.end(answer)

    async def _infer_alone(self, arrived: Arrived, read: _Read | None, trace: Trace) -> Rendered:
        if read is None:
            read = await self._threads.run(self._read, arrived)
        request, content, small_answer = read
        views = None
        if isinstance(content, list):
            own = arrived.model.predictor()
            views = await see_all(self._pictures, own, content, trace)
            content = own.batch(views)
        predictor, ready = _prepared(Ready(arrived, request, content, views))
        arrived_at = perf_counter()
        logits, waited = await self._inference.run(predictor, content, (trace,))
        arrived.watch.lap_infer(arrived_at + waited)
        write = partial(_render, ready, logits)
        return write() if small_answer else await self._threads.run(write)


def _prepared(ready: Ready) -> tuple[Predictor, Ready]:
    """Note that a request is ready for its network, and find that."""
    model, _, record, watch = ready.arrived
    predictor, watch.pictures = model.predictor(ready.request.runtime), len(ready.batch)
    record.answered_by(predictor, watch.pictures)
    watch.lap("compute_input")
    return predictor, ready


def _render(ready: Ready, logits: Logits) -> Rendered:
    model, _, record, watch = ready.arrived
    manifest, request = model.manifest, ready.request
    head = {"model_name": manifest.name, "model_version": str(manifest.version)}
    if request.id is not None:
        head["id"] = request.id
    inferred = Inferred(model.predictor(), logits, ready.views)
    answer = render(inferred, request, head, record.headers)
    watch.lap("compute_output")
    return answer

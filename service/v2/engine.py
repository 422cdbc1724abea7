"""Inference by the protocol: from a body that is there to the answer.

Small tensors go through each step together with those of the same turn of the event loop. Pictures,
and whatever is large, take a task and threads of their own.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
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
from service.pipeline.engine import Call, Engine, Group, Rendered
from service.pipeline.inference import Inference
from service.pipeline.turns import TurnQueue
from service.registry import LoadedModel
from service.settings import Settings
from service.v2.body import Body
from service.v2.inputs import Content, Inputs
from service.v2.outputs import Inferred, check, count_values, render
from service.v2.request import SMALL, InferRequest, parse, parse_raw
from service.v2.statistics import Statistics, Stopwatch

_MOST_VALUES: Final = 500_000  # of a tensor in JSON, however many the model takes
_OTHER_VALUES: Final = 10_000  # of a request's JSON, beside those of its tensor
_INLINE_TENSORS: Final = 1_000_000  # bytes that are looked through, or copied, in a millisecond
_INLINE_VALUES: Final = 4_096  # of an answer, which are written in a few milliseconds


class Arrived(NamedTuple):
    """A request of which the body is there."""

    model: LoadedModel
    body: Body
    record: RequestRecord


class Ready(NamedTuple):
    """A request that is read, and its small batch [N, C, H, W]."""

    arrived: Arrived
    request: InferRequest
    batch: Batch
    watch: Stopwatch


_Read = tuple[InferRequest, Content, bool]  # and whether the answer is written in no time


class InferEngine(Engine[Arrived, Ready]):
    """Answers what a network makes of a tensor or of pictures."""

    def __init__(self, pictures: Pictures, inference: Inference, settings: Settings) -> None:
        super().__init__(inference, settings.max_batch)
        self.statistics = Statistics()
        self._settings = settings
        self._inputs = Inputs(pictures, settings.max_batch_size, settings.max_files)
        self._threads = Threads(settings.pool_size, settings.queue_seconds, "open-inference")
        self._small = TurnQueue[Call](self._read_small, settings.max_batch)

    def submit(
        self, request: Arrived, deliver: Callable[[Rendered | Exception], None], trace: Trace
    ) -> Call:
        """Begin with a request; a small one is read together with others of this turn."""
        call, body = Call(request, deliver, trace), request.body
        if len(body.head or b"") <= SMALL and len(body.tensors) <= _INLINE_TENSORS:
            self._small.put(call)
        else:
            call.work = self._start(self._answer_alone(call, request, Stopwatch()))
        return call

    def close(self) -> None:
        """Let the threads end with what they are doing."""
        self._threads.close()

    def _read_small(self, calls: Sequence[Call], until: float) -> int:
        ready: list[tuple[Call, Predictor, Ready]] = []
        count = 0
        for call in calls:
            arrived: Arrived = call.request
            count += 1
            watch = Stopwatch()
            try:
                read = request, content, small_answer = self._read(arrived)
            except Exception as error:  # noqa: BLE001 - it belongs to this request alone
                # Counted here, and logged by what it is delivered to, as those below.
                self.statistics.of(arrived.model).fail(watch)
                call.end(error)
            else:
                if isinstance(content, list) or not small_answer:
                    call.work = self._start(self._answer_alone(call, arrived, watch, read))
                else:
                    watch.pictures = len(content)
                    watch.lap("compute_input")
                    predictor = arrived.model.predictor(request.runtime)
                    arrived.record.answered_by(predictor, len(content))
                    ready.append((call, predictor, Ready(arrived, request, content, watch)))
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
        content = self._inputs.read(own, request.inputs)
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
            ready.watch.lap_infer_since(began)
            yield self._render_one(ready, logits[start:end])

    def _render_one(self, ready: Ready, logits: Logits) -> Rendered | Exception:
        model, watch = ready.arrived.model, ready.watch
        try:
            answer = _render(
                ready.arrived, ready.request, Inferred(model.predictor(), logits, None)
            )
        except Exception as error:  # noqa: BLE001 - it belongs to this request alone
            self.statistics.of(model).fail(watch)  # counted, and logged where it is delivered
            return error
        watch.lap("compute_output")
        self.statistics.of(model).succeed(watch)
        return answer

    async def _answer_alone(
        self,
        call: Call,
        arrived: Arrived,
        watch: Stopwatch,
        read: _Read | None = None,
    ) -> None:
        statistics = self.statistics.of(arrived.model)
        try:
            if read is None:
                read = await self._threads.run(self._read, arrived)
            answer = await self._infer_alone(call, arrived, read, watch)
        except (asyncio.CancelledError, Exception) as error:
            statistics.fail(watch)
            if isinstance(error, asyncio.CancelledError):
                raise
            call.end(error)
        else:
            statistics.succeed(watch)
            call.end(answer)

    async def _infer_alone(
        self, call: Call, arrived: Arrived, read: _Read, watch: Stopwatch
    ) -> Rendered:
        request, content, small_answer = read
        own, chosen = arrived.model.predictor(), arrived.model.predictor(request.runtime)
        prepared = await self._inputs.prepare(own, content, call.trace)
        watch.pictures = len(prepared.batch)
        watch.lap("compute_input")
        logits, waited = await self._inference.run_timed(chosen, prepared.batch, (call.trace,))
        watch.lap_infer(waited)
        arrived.record.answered_by(chosen, len(logits))
        write = partial(_render, arrived, request, Inferred(own, logits, prepared.views))
        answer = write() if small_answer else await self._threads.run(write)
        watch.lap("compute_output")
        return answer


def _render(arrived: Arrived, request: InferRequest, inferred: Inferred) -> Rendered:
    manifest = arrived.model.manifest
    head = {"model_name": manifest.name, "model_version": str(manifest.version)}
    if request.id is not None:
        head["id"] = request.id
    return render(inferred, request, head, arrived.record.headers)

"""How fast and how large the models are: as recorded when published, and measured here and now."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event
from time import perf_counter, sleep
from typing import Annotated, Final, TypeVar

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import AwareDatetime, Field
from starlette.requests import ClientDisconnect

from artifact.latency import BATCH_SIZES, Benchmark, measure
from artifact.manifest import Part
from artifact.predictor import Predictor
from service.api.parameters import NOT_FOUND, NOT_READY, Responses
from service.api.schemas import Detail, OfModel
from service.errors import InvalidField
from service.limits.lock import LockHeld
from service.pipeline.predict import Choice
from service.registry import LoadedModel, ModelRegistry
from service.settings import Settings
from service.state import Service, service_of

router = APIRouter(tags=["benchmark"], responses=NOT_READY)

BUSY: Final[Responses] = {409: {"model": Detail, "description": "Another one is running."}}
_MOST_BATCH_SIZES: Final = 8
_SHORTEST_PAUSE: Final = 0.001


class BenchmarkChoice(Choice):
    """What to measure; every model on every runtime where none is named."""

    batch_size: list[Annotated[int, Field(ge=1)]] = Field(
        default=list(BATCH_SIZES),
        max_length=_MOST_BATCH_SIZES,
        description="Pictures in one run; may be repeated.",
    )
    seconds: float = Field(
        default=0.2,
        gt=0,
        allow_inf_nan=False,
        description="For each model, runtime and batch size.",
    )


class ModelBenchmark(OfModel):
    """The speed and size of one model."""

    parameters: int
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    benchmark: Benchmark | None = Field(description="null where none was published.")


class BenchmarkList(Part):
    """The speed and size of several models."""

    models: list[ModelBenchmark]


class MeasuredNow(BenchmarkList):
    """The speed and size of several models, beside what may have disturbed the measurement."""

    started: AwareDatetime
    seconds: float = Field(description="That all of it took.")
    pictures_meanwhile: int = Field(
        description="Answered by the measuring process at the same time: figures taken at rest "
        "have 0."
    )


BenchmarkQuery = Annotated[BenchmarkChoice, Query()]
Measured = TypeVar("Measured")
Chosen = Sequence[tuple[LoadedModel, Sequence[Predictor]]]


@router.get("/benchmark")
async def get_benchmark(request: Request) -> BenchmarkList:
    """Give the latency and size of every model and runtime, recorded when it was published."""
    models = service_of(request).loaded().latest()
    return BenchmarkList(models=[_entry(model, model.benchmark) for model in models])


@router.post("/benchmark", responses={**NOT_FOUND, **BUSY})
async def measure_now(request: Request, choice: BenchmarkQuery) -> MeasuredNow:
    """Measure models on their runtimes here and now: all of them, unless the query names one.

    One benchmark runs at a time, in a thread beside the serving, and gives way to it; it stops
    soon after its client has left, and when the service shuts down.
    """
    service = service_of(request)
    chosen = _choose(service.loaded(), choice)
    _check_bounds(service.settings, chosen, choice)
    started, answered = datetime.now(UTC), service.telemetry.pictures()

    def measure_all(check: Callable[[], None]) -> list[ModelBenchmark]:
        threads, sizes = service.settings.threads, choice.batch_size
        return [
            _entry(model, measure(predictors, threads, sizes, choice.seconds, check))
            for model, predictors in chosen
        ]

    models = await measure_alone(request, measure_all)
    return MeasuredNow(
        models=models,
        started=started,
        seconds=(datetime.now(UTC) - started).total_seconds(),
        pictures_meanwhile=service.telemetry.pictures() - answered,
    )


async def measure_alone(
    request: Request, measure: Callable[[Callable[[], None]], Measured]
) -> Measured:
    """Measure in a thread beside the serving, while nothing else is measured.

    Args:
        request: That asks for it; when its client leaves, the measurement ends.
        measure: Calls what it is given before every run.

    Raises:
        HTTPException: 409, something else is being measured.
    """
    service = service_of(request)
    pause = _Pause(service)
    waiting = asyncio.create_task(_until_left(request))
    waiting.add_done_callback(lambda _: pause.left.set())
    try:
        with service.benchmark.take():
            return await to_thread.run_sync(measure, pause, abandon_on_cancel=True)
    except LockHeld:
        raise HTTPException(409, "a benchmark is running already; one at a time") from None
    finally:
        waiting.cancel()


class _Pause:
    """What happens between two runs: requests go first, and the client may have left."""

    def __init__(self, service: Service) -> None:
        self.left = Event()
        self._service = service
        self._resumed = perf_counter()

    def __call__(self) -> None:
        if self.left.is_set():
            raise ClientDisconnect
        self._service.check_running()
        if self._service.telemetry.in_flight.total > 1:  # this one, and others
            # As long as the run took: serving has the processor, and Python, half of the time.
            sleep(max(_SHORTEST_PAUSE, perf_counter() - self._resumed))
        self._resumed = perf_counter()


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _choose(models: ModelRegistry, choice: BenchmarkChoice) -> Chosen:
    if choice.model is None and choice.version is not None:
        raise InvalidField(
            ("query", "version"), "model_missing", "A version needs a model beside it"
        )
    named = models.latest() if choice.model is None else [models.get(choice.model, choice.version)]
    if choice.runtime is None:
        return [(model, list(model.predictors.values())) for model in named]
    return [(model, [model.predictor(choice.runtime)]) for model in named]


def _check_bounds(settings: Settings, chosen: Chosen, choice: BenchmarkChoice) -> None:
    if max(choice.batch_size) > settings.benchmark_batch:
        message = f"The largest batch size is {settings.benchmark_batch}"
        raise InvalidField(("query", "batch_size"), "less_than_equal", message)
    rows = len(choice.batch_size) * sum(len(predictors) for _, predictors in chosen)
    if rows * choice.seconds > settings.benchmark_seconds:
        message = (
            f"{rows} measurements of {choice.seconds:g} s each would take longer than "
            f"{settings.benchmark_seconds:g} s"
        )
        raise InvalidField(("query", "seconds"), "less_than_equal", message)


def _entry(model: LoadedModel, benchmark: Benchmark | None) -> ModelBenchmark:
    return ModelBenchmark(
        **model.identity,
        parameters=model.manifest.architecture.parameters,
        macs=model.manifest.architecture.macs,
        benchmark=benchmark,
    )

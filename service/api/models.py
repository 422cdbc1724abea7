"""Which models there are, what each is, and for those who watch: probes and metrics."""

from typing import Literal

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field

from artifact.manifest import Finding, Manifest, Part, RuntimeId, Share
from artifact.runtimes.table import missing_runtimes
from service.api.parameters import NOT_FOUND, NOT_READY, ChosenModel
from service.registry import LoadedModel, ModelRegistry
from service.state import service_of

router = APIRouter()


class ModelSummary(Part):
    """The headline figures of a model; null where it was published without them."""

    name: str
    version: int = Field(description="The highest, which answers unless another is asked for.")
    versions: list[int] = Field(description="Every published one, the highest first.")
    default: bool = Field(description="Whether it answers where a request names no model.")
    dataset: str = Field(description="What it learnt from; of a folder of pictures, its name.")
    labels: list[str]
    test_images: int = Field(description="Pictures that the accuracy rests on.")
    folds: int | None = Field(
        description="Of a cross-validation; null where the test images were set aside."
    )
    runtimes: list[RuntimeId] = Field(description="Open here, the default one first.")
    parameters: int
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    bytes: dict[RuntimeId, int] = Field(description="Size of the model file.")
    accuracy: Share | None = Field(description="On the test images.")
    interval: tuple[Share, Share] | None = Field(
        description="Wilson's 95% interval of the accuracy."
    )
    quantised_accuracy: Share | None = Field(
        description="Of the onnx-int8 file, on the test images; null where there is none."
    )
    macro_f1: Share | None = Field(description="On the test images.")
    p50_ms: dict[RuntimeId, float] = Field(
        description="Recorded median time for one picture, model only."
    )
    findings: list[Finding] = Field(
        description="What is wrong with the model, which was published all the same."
    )


class ModelList(Part):
    """Every published model, names in order."""

    models: list[ModelSummary]


class Live(Part):
    """The process answers."""

    live: Literal[True] = True


class Ready(Part):
    """The models answer."""

    ready: Literal[True] = True
    models: list[str] = Field(description="Every loaded model and version.")
    runtimes: list[RuntimeId] = Field(description="Those that at least one model is open on.")
    missing_runtimes: dict[RuntimeId, str] = Field(
        description="Those that cannot be had here, and why."
    )
    broken: dict[str, str] = Field(
        description="What is published and not served: models, versions, files, studies, and why."
    )


@router.get("/models", tags=["models"], responses=NOT_READY)
async def list_models(request: Request) -> ModelList:
    """List every published model with its headline figures, names in order."""
    models = service_of(request).loaded()
    return ModelList(models=[_summary(models, model) for model in models.latest()])


@router.get("/models/{name}", tags=["models"], responses={**NOT_READY, **NOT_FOUND})
async def get_manifest(model: ChosenModel) -> Manifest:
    """Give a model's manifest: architecture, input, labels, files, provenance, parity."""
    return model.manifest


@router.get("/health/live", tags=["health"])
async def is_live() -> Live:
    """Whether the process answers at all; says nothing of the models."""
    return Live()


@router.get("/health/ready", tags=["health"], responses=NOT_READY)
async def is_ready(request: Request) -> Ready:
    """Whether requests are welcome: the models are loaded and no shutdown has begun."""
    models = service_of(request).ready()
    return Ready(
        models=[str(model) for model in models],
        runtimes=models.runtimes(),
        missing_runtimes=missing_runtimes(),
        broken=dict(models.broken),
    )


@router.get(
    "/metrics",
    tags=["health"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
)
async def get_telemetry(request: Request) -> Response:
    """Give the service's own counters and timings to Prometheus."""
    # What many workers counted takes milliseconds to add up: too long for the event loop.
    text = await to_thread.run_sync(service_of(request).telemetry.render)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _summary(models: ModelRegistry, model: LoadedModel) -> ModelSummary:
    manifest = model.manifest
    test = model.metrics.test if model.metrics else None
    quantised = model.metrics.quantised if model.metrics else None
    return ModelSummary(
        name=manifest.name,
        version=manifest.version,
        versions=models.versions(manifest.name),
        default=manifest.name == models.default,
        dataset=manifest.provenance.dataset,
        labels=list(manifest.labels),
        test_images=manifest.provenance.split.test,
        folds=manifest.provenance.split.folds,
        runtimes=list(model.predictors),
        parameters=manifest.architecture.parameters,
        macs=manifest.architecture.macs,
        bytes={runtime: manifest.files[runtime].bytes for runtime in model.predictors},
        accuracy=test.accuracy if test else None,
        interval=test.interval if test else None,
        quantised_accuracy=quantised.test.accuracy if quantised else None,
        macro_f1=test.macro.f1 if test else None,
        p50_ms=_p50_ms(model),
        findings=list(manifest.findings),
    )


def _p50_ms(model: LoadedModel) -> dict[RuntimeId, float]:
    recorded = model.benchmark.latencies if model.benchmark else ()
    return {latency.runtime: latency.p50_ms for latency in recorded if latency.batch_size == 1}

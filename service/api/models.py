"""Which models there are, and what each is."""

from fastapi import APIRouter, Request

from artifact.manifest import Manifest, RuntimeId
from service.api.parameters import NOT_FOUND, NOT_READY, Name, VersionQuery
from service.api.schemas import ModelList, ModelSummary
from service.registry import LoadedModel, ModelRegistry
from service.state import service_of

router = APIRouter(tags=["models"], responses=NOT_READY)


@router.get("/models")
async def list_models(request: Request) -> ModelList:
    """List every published model with its headline figures, names in order."""
    models = service_of(request).loaded()
    return ModelList(models=[_summary(models, model) for model in models.latest()])


@router.get("/models/{name}", responses=NOT_FOUND)
async def get_manifest(request: Request, name: Name, query: VersionQuery) -> Manifest:
    """Give a model's manifest: architecture, input, labels, files, provenance, parity."""
    return service_of(request).loaded().get(name, query.version).manifest


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

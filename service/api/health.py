"""For those who watch over the service: probes and metrics."""

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from artifact.runtimes.table import missing_runtimes
from service.api.parameters import NOT_READY
from service.api.schemas import Live, Ready
from service.state import service_of

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def is_live() -> Live:
    """Whether the process answers at all; says nothing of the models."""
    return Live()


@router.get("/health/ready", responses=NOT_READY)
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
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
)
async def get_telemetry(request: Request) -> Response:
    """Give the service's own counters and timings to Prometheus."""
    # What many workers counted takes milliseconds to add up: too long for the event loop.
    text = await to_thread.run_sync(service_of(request).telemetry.render)
    return Response(text, media_type=CONTENT_TYPE_LATEST)

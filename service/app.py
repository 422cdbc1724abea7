"""The application: its routes, its limits, and what it loads when it starts."""

from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI

from service.bodies import BodyLimit
from service.errors import install_handlers
from service.openapi import DESCRIPTION, TAGS, name_example
from service.routes import benchmark, evidence, figures, health, models, predict
from service.settings import Settings
from service.startup import OneLineFailure, loading
from service.state import Service
from service.telemetry import Instrumented

_ROUTES: Final = (predict, models, evidence, figures, benchmark, health)


def create_app(settings: Settings) -> FastAPI:
    """Build the service; it loads the models when a server starts it."""
    service = Service.prepare(settings)
    app = _Documented(
        title="Tandem",
        version=version("tandem"),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=loading(service),
    )
    app.state.service = service
    install_handlers(app)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes, seconds=settings.body_seconds)
    app.add_middleware(Instrumented, telemetry=service.telemetry)
    app.add_middleware(OneLineFailure)
    for routes in _ROUTES:
        app.include_router(routes.router)
    return app


class _Documented(FastAPI):
    """Its documentation names a model that exists, so that what it shows works when tried."""

    def openapi(self) -> dict[str, Any]:
        service: Service = self.state.service
        schema = super().openapi()
        return name_example(schema, service.models.default) if service.models else schema

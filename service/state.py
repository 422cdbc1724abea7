"""What one app holds while it runs, and how a route gets at it."""

import asyncio
from typing import TYPE_CHECKING, Final

from fastapi import Request

from artifact.datasets import Datasets
from artifact.study import Studies
from service.errors import not_ready
from service.limits.admission import Admission
from service.limits.lock import Lock
from service.observability.recorder import Recorder
from service.observability.shared import SharedFolder
from service.observability.telemetry import Telemetry
from service.pipeline.decoding import Pictures
from service.pipeline.inference import Inference
from service.pipeline.inspections import Inspections, Neighbours
from service.pipeline.predict import PredictEngine
from service.registry import ModelRegistry
from service.settings import Settings
from service.v2.engine import InferEngine

if TYPE_CHECKING:
    from service.observability.tracing import Tracing

_LOADING: Final = "the models are still loading; try again in a second"


class Service:
    """The settings, and everything that is made from them."""

    def __init__(self, settings: Settings, folder: SharedFolder | None = None) -> None:
        """Make everything but the models, which take a while to load."""
        self.settings = settings
        self.tracing = _tracing() if settings.tracing else None
        self.telemetry = Telemetry(folder, self.tracing)
        self.recorder = Recorder(self.telemetry, self.tracing, access_log=settings.access_log)
        self.pictures = Pictures(settings, self.telemetry)
        self.inference = Inference(settings, self.telemetry)
        self.predict = PredictEngine(self.pictures, self.inference)
        self.infer = InferEngine(self.pictures, self.inference, settings)
        self.inspections = Inspections()
        self.neighbours = Neighbours()
        self.benchmark = Lock("benchmark", folder)
        self.admission = Admission(settings)
        self.administration = asyncio.Lock()
        self.models: ModelRegistry | None = None
        self.studies: Studies | None = None
        self.datasets = Datasets({})
        self.draining = False

    def loaded(self) -> ModelRegistry:
        """Give the models, which answer through a shutdown too.

        Raises:
            Unavailable: 503, they are not loaded yet.
        """
        if self.models is None:
            raise not_ready(_LOADING)
        return self.models

    def studied(self) -> Studies:
        """Give the stored studies.

        Raises:
            Unavailable: 503, they are not read yet.
        """
        if self.studies is None:
            raise not_ready(_LOADING)
        return self.studies

    def ready(self) -> ModelRegistry:
        """Give the models if this service wants more requests.

        Raises:
            Unavailable: 503, they are not loaded yet, none can be, the one that answers by default
                is unloaded, or the service is shutting down.
        """
        self.check_running()
        models = self.loaded()
        if models.nothing:
            raise not_ready(f"no model can be served: {'; '.join(models.broken.values())}")
        if models.default not in models:
            raise not_ready(f"the model that answers by default, {models.default}, is unloaded")
        return models

    def check_running(self) -> None:
        """See to it that long work ends with the service.

        Raises:
            Unavailable: 503, the service is shutting down.
        """
        if self.draining:
            raise not_ready("the service is shutting down")


def service_of(request: Request) -> Service:
    """Find what the app that answers this request holds."""
    service: Service = request.app.state.service
    return service


def _tracing() -> "Tracing":
    from service.observability.tracing import Tracing  # noqa: PLC0415 - its packages need not be installed

    return Tracing()

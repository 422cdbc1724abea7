"""Every metric by name, as Prometheus knows it."""

from functools import partial
from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from service.observability.buffers import BatchHistogram

_SECONDS: Final = (
    *(0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005),
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
_PICTURES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_MODEL: Final = ("model", "version", "runtime")
RestartReason = Literal["crashed", "hung"]


class Metrics:
    """Every metric by name; `livesum`: of several processes, those that live add up."""

    def __init__(self, registry: CollectorRegistry) -> None:
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry)
        seconds = partial(BatchHistogram, registry=registry, buckets=_SECONDS)
        self.requests = counter(
            "tandem_http_requests", "Requests answered.", ("method", "route", "status")
        )
        what = "From a request's head to the end of its answer."
        self.request_seconds = seconds("tandem_http_request_seconds", what, ("route",))
        what = "Requests not answered yet."
        self.in_flight = gauge("tandem_http_requests_in_flight", what, multiprocess_mode="livesum")
        what = (
            "Requests for one prediction by their outcome on the fast path: answered, or the "
            "reason for which it left them to the routes."
        )
        self.fast_path = counter("tandem_fast_path", what, ("outcome",))
        self.fast_path.labels("answered")  # there at 0 before anything is asked
        what = "Requests and single pictures of a batch that were refused or failed, by the reason."
        self.errors = counter("tandem_errors", what, ("kind",))
        what = "To decode a picture and to preprocess it."
        self.stage_seconds = seconds("tandem_picture_seconds", what, ("stage",))
        what = "What is published and not served because it is damaged; /health/ready names it."
        self.broken_artifacts = gauge("tandem_broken_artifacts", what, multiprocess_mode="livemax")
        what = (
            "1 where connections have the fast path and the limits of heads; 0 where the installed "
            "uvicorn lacks what they are built on."
        )
        self.own_connections = gauge("tandem_own_connections", what, multiprocess_mode="livemin")
        worker_restarts(registry)
        self._of_models(registry)

    def _of_models(self, registry: CollectorRegistry) -> None:
        histogram = partial(BatchHistogram, labelnames=_MODEL, registry=registry)
        what = "Pictures that wait for inference."
        self.queue_depth = Gauge(
            "tandem_queue_depth", what, _MODEL, multiprocess_mode="livesum", registry=registry
        )
        what = "From a request's pictures being ready to the start of their inference."
        self.queue_seconds = histogram("tandem_queue_seconds", what, buckets=_SECONDS)
        what = "From the pictures of one batch to their predictions."
        self.inference_seconds = histogram("tandem_inference_seconds", what, buckets=_SECONDS)
        what = "Pictures in one run of a model."
        self.batch_size = histogram("tandem_batch_size", what, buckets=_PICTURES)
        self.predictions = Counter(
            "tandem_predictions", "Pictures answered.", _MODEL, registry=registry
        )


def worker_restarts(registry: CollectorRegistry) -> Counter:
    """Make the one metric that the supervisor counts; elsewhere it stays 0."""
    what = (
        "Workers that were replaced, by the reason: the process ended, or its event loop stood "
        "still."
    )
    restarts = Counter("tandem_worker_restarts", what, ("reason",), registry=registry)
    for reason in get_args(RestartReason):
        restarts.labels(reason)
    return restarts

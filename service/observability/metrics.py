"""Every metric by name, as Prometheus knows it."""

from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from service.observability.buffers import BatchHistogram

SECONDS: Final = (
    *(0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005),
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
PICTURES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_MODEL: Final = ("model", "version", "runtime")
RestartReason = Literal["crashed", "hung"]


class Metrics:
    """Every metric by name; `livesum`: of several processes, those that live add up."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "tandem_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self.request_seconds = BatchHistogram(
            "tandem_http_request_seconds",
            "From a request's head to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "tandem_http_requests_in_flight",
            "Requests not answered yet.",
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.fast_path = Counter(
            "tandem_fast_path",
            "Requests for one prediction by their outcome on the fast path: answered, or the "
            "reason for which it left them to the routes.",
            ("outcome",),
            registry=registry,
        )
        self.fast_path.labels("answered")  # there at 0 before anything is asked
        self.errors = Counter(
            "tandem_errors",
            "Requests, and single pictures of a batch, that were refused or failed, by the reason.",
            ("kind",),
            registry=registry,
        )
        self.stage_seconds = BatchHistogram(
            "tandem_picture_seconds",
            "To decode a picture and to preprocess it.",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self.queue_depth = Gauge(
            "tandem_queue_depth",
            "Pictures that wait for inference.",
            _MODEL,
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.queue_seconds = BatchHistogram(
            "tandem_queue_seconds",
            "From a request's pictures being ready to the start of their inference.",
            _MODEL,
            buckets=SECONDS,
            registry=registry,
        )
        self.inference_seconds = BatchHistogram(
            "tandem_inference_seconds",
            "From the pictures of one batch to their predictions.",
            _MODEL,
            buckets=SECONDS,
            registry=registry,
        )
        self.batch_size = BatchHistogram(
            "tandem_batch_size",
            "Pictures in one run of a model.",
            _MODEL,
            buckets=PICTURES,
            registry=registry,
        )
        self.predictions = Counter(
            "tandem_predictions", "Pictures answered.", _MODEL, registry=registry
        )
        self.broken_artifacts = Gauge(
            "tandem_broken_artifacts",
            "What is published and not served because it is damaged; /health/ready names it.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self.own_connections = Gauge(
            "tandem_own_connections",
            "1 where connections have the fast path and the limits of heads; 0 where the installed "
            "uvicorn lacks what they are built on.",
            multiprocess_mode="livemin",
            registry=registry,
        )
        worker_restarts(registry)


def worker_restarts(registry: CollectorRegistry) -> Counter:
    """Make the one metric that the supervisor counts; elsewhere it stays 0."""
    restarts = Counter(
        "tandem_worker_restarts",
        "Workers that were replaced, by the reason: the process ended, or its event loop stood "
        "still.",
        ("reason",),
        registry=registry,
    )
    for reason in get_args(RestartReason):
        restarts.labels(reason)
    return restarts

"""What is known of one request and its answer: an id, numbers and reasons; no contents."""

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Final

from artifact.predictor import Predictor

if TYPE_CHECKING:
    from opentelemetry.context import Context  # its packages need not be installed
    from opentelemetry.trace import Span

UNMATCHED: Final = "unmatched"
CLIENT_LEFT: Final = 499
REQUEST_ID: Final = b"x-request-id"
Header = tuple[bytes, bytes]
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FAILED: Final = 500
KINDS: Final = {  # why an answer is a refusal, where nothing more exact is known; by its status
    400: "malformed",
    404: "not-found",
    405: "method-not-allowed",
    408: "too-slow",
    409: "busy",
    413: "too-large",
    414: "too-large",
    415: "unsupported-type",
    422: "invalid",
    429: "overloaded",
    CLIENT_LEFT: "client-left",
    503: "not-ready",
}


class RequestRecord:
    """What is known of one request; it learns the rest from the code that answers.

    Attributes:
        headers: Of the request by their names in lower case; of several, the first.
        scheme: `http` or `https`; None where the server does not say.
        started: `perf_counter` when the head was there.
        route: The template of the path, never the path itself: each would be a series of its own.
        status: Of the answer.
        sent: Bytes of the answer's body.
        trace_id, trace, span: Of the request, where requests are traced.
    """

    route: str | None = None
    status = _FAILED
    sent = 0
    kind: str | None = None  # why the request was refused or failed; None where it was answered
    predictor: Predictor | None = None
    pictures: int | None = None
    trace_id: str | None = None
    trace: "Context | None" = None
    span: "Span | None" = None

    def __init__(
        self, method: str, scheme: str | None, headers: Mapping[bytes, bytes], request_id: bytes
    ) -> None:
        self.method = method if method in _METHODS else "other"
        self.scheme = scheme
        self.headers = headers
        self.request_id = request_id
        self.started = perf_counter()

    def answered_by(self, predictor: Predictor, pictures: int = 1) -> None:
        """Say which model answers, and how many pictures."""
        self.predictor = predictor
        self.pictures = pictures

    def answering(self) -> dict[str, str | int]:
        """Name what answers, by the words that logs and traces have for it."""
        if self.predictor is None or self.pictures is None:
            return {}
        manifest = self.predictor.manifest
        return {
            "model": manifest.name,
            "version": manifest.version,
            "runtime": self.predictor.runtime_id,
            "batch": self.pictures,
        }

    def received(self) -> int | None:
        """Give the announced bytes of the body."""
        announced = self.headers.get(b"content-length", b"")
        return int(announced) if announced.isdigit() else None

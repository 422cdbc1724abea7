"""Which requests to `POST /predict` are plain, and what they ask.

A plain request needs no router, no validation and no error handler, which take longer than the
network. Whatever is not plain, or goes wrong, is left to the route of the same path, as if nobody
had looked: so there is one place that documents the route and words its refusals.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from pydantic import ValidationError

from artifact.errors import UnknownModel
from artifact.predictor import Predictor
from service.api.parameters import PredictChoice
from service.pipeline.bodies import RAW
from service.pipeline.forms import delimiter, read_single_file
from service.registry import ModelRegistry
from service.state import Service
from vision.decode import is_cheap

METHOD: Final = "POST"
PATH: Final = "/predict"
FIELD: Final = "image"
_RAW: Final = RAW.encode()
_MOST_REMEMBERED: Final = 256


class Asked(NamedTuple):
    """What a plain request asks: which predictor, and about which encoded picture."""

    predictor: Predictor
    data: bytes


class Plain:
    """Reads plain requests of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._most_bytes = service.settings.max_body_bytes
        self._models: ModelRegistry | None = None
        self._predictors: dict[bytes, Predictor] = {}

    def predictor(self, query: bytes) -> Predictor | None:
        """Find out who is asked; None where that is not plain."""
        models = self._service.models
        if models is None:
            return None
        if models is not self._models or len(self._predictors) > _MOST_REMEMBERED:
            self._models, self._predictors = models, {}
        predictor = self._predictors.get(query)
        if predictor is None:
            predictor = _choose(models, query)
            if predictor is not None:
                self._predictors[query] = predictor
        return predictor

    def read(
        self, query: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes
    ) -> Asked | None:
        """Read a whole request; None where it is not plain."""
        predictor = self.predictor(query)
        data = None if predictor is None else self._picture(headers, body)
        if predictor is None or data is None or not is_cheap(data):
            return None
        return Asked(predictor, data)

    def _picture(self, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bytes | None:
        if not 0 < len(body) <= self._most_bytes:
            return None
        declared = _declared(headers)
        if declared is None or declared == _RAW or declared.startswith(b"image/"):
            return body
        between = delimiter(declared)
        return None if between is None else read_single_file(body, between, FIELD)


def _choose(models: ModelRegistry, query: bytes) -> Predictor | None:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    named = dict(pairs)
    if len(named) < len(pairs):
        return None
    try:
        choice = PredictChoice.model_validate(named)
        model = models.get(choice.model, choice.version)
    except (ValidationError, UnknownModel):
        return None
    if choice.explain:
        return None
    try:
        return model.predictor(choice.runtime)
    except UnknownModel:
        return None


def _declared(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    for name, value in headers:
        if name == b"content-type":
            return value
    return None

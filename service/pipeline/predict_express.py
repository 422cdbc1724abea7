"""Plain requests to `POST /predict`, those of one turn of the event loop together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic_core import to_json

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch, Logits
from service.observability.record import RequestIds
from service.pipeline.answers import answer
from service.pipeline.express import Express, Group, Request, Text
from service.pipeline.plain import PATH, Asked, Plain
from service.state import Service
from vision.preprocess import View

_LINES: Final = b"content-type: application/json\r\n"


class PredictExpress(Express[View]):
    """Answers what one small picture shows."""

    def __init__(self, service: Service, ids: RequestIds) -> None:
        super().__init__(service, ids)
        self._pictures = service.pictures
        self._plain = Plain(service)

    def _may_be_plain(self, scope: Mapping[str, Any]) -> bool:
        return scope["path"] == PATH and self._plain.predictor(scope["query_string"]) is not None

    def _read(self, turn: Sequence[Request]) -> Iterable[tuple[Predictor, View] | None]:
        """Make the pictures ready: all are decoded, then all preprocessed."""
        asked = [self._ask(request) for request in turn]
        views = iter(self._pictures.see_together([each for each in asked if each is not None]))
        for each in asked:
            view = None if each is None else next(views)
            yield None if each is None or view is None else (each.predictor, view)

    def _ask(self, request: Request) -> Asked | None:
        scope = request.scope
        return self._plain.read(scope["query_string"], scope["headers"], request.body)

    def _batch(self, group: Group[View]) -> Batch:
        return group.predictor.batch(group.items)

    def _texts(self, group: Group[View], logits: Logits, began: float) -> Iterable[Text]:  # noqa: ARG002
        predictor = group.predictor
        predictions = predictor.answers(group.items, logits)
        return [Text(_LINES, to_json(answer(predictor, each))) for each in predictions]

    def _route(self, request: Request) -> str:  # noqa: ARG002
        return PATH

"""The pictures of a model's evidence, served by their role and never by a path."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Header, Request, Response

from artifact.errors import UnknownModel
from artifact.manifest import FigureRole
from service.api.parameters import NOT_FOUND, NOT_READY, Name, Responses, VersionQuery
from service.registry import LoadedModel
from service.state import service_of

# One version never changes; which version is the highest does.
_CACHE_VERSION: Final = "public, max-age=31536000, immutable"
_CACHE_HIGHEST: Final = "no-cache"

_PATHS: Final[dict[FigureRole, tuple[str, str]]] = {
    "curves": ("curves.png", "Loss and accuracy by epoch"),
    "confusion_matrix": ("confusion-matrix.png", "Confusion matrix of the test images"),
    "filters_first": ("filters/first.png", "Filters of the first convolution layer"),
    "filters_last": ("filters/last.png", "Filters of the last convolution layer"),
    "examples_correct": ("examples/correct.png", "Test images named rightly"),
    "reliability": ("reliability.png", "Confidence against accuracy, with and without temperature"),
    "examples_wrong": ("examples/wrong.png", "Test images named wrongly"),
}
_RESPONSES: Final[Responses] = {
    **NOT_FOUND,
    **NOT_READY,
    200: {"content": {"image/png": {}}, "description": "The picture."},
    304: {"description": "It is still what `If-None-Match` names."},
}

IfNoneMatch = Annotated[str | None, Header(description="An earlier answer's `ETag`.")]


def figure_url(request: Request, model: LoadedModel, role: FigureRole) -> str:
    """Say where on this server that version's figure lies."""
    root, (path, _) = request.scope.get("root_path", ""), _PATHS[role]
    return f"{root}/models/{model.manifest.name}/{path}?version={model.manifest.version}"


def _serve(role: FigureRole) -> Callable[..., Response]:
    # Not a coroutine: reading and verifying a file belongs in a thread.
    def get_figure(
        request: Request, name: Name, query: VersionQuery, if_none_match: IfNoneMatch = None
    ) -> Response:
        model = service_of(request).loaded().get(name, query.version)
        file = model.manifest.files.get(role)
        if file is None:
            raise UnknownModel(f"{model} was published without {role}")
        headers = {
            "ETag": f'"{file.sha256}"',
            "Cache-Control": _CACHE_VERSION if query.version else _CACHE_HIGHEST,
        }
        if is_known(if_none_match, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return Response(model.artifact.read(role), media_type="image/png", headers=headers)

    return get_figure


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether the client says that it has the file of that tag."""
    candidates = (if_none_match or "").split(",")
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in candidates)


def _router() -> APIRouter:
    router = APIRouter(tags=["evidence"], responses=_RESPONSES)
    for role, (path, summary) in _PATHS.items():
        router.add_api_route(
            f"/models/{{name}}/{path}",
            _serve(role),
            name=role,
            summary=summary,
            response_class=Response,
        )
    return router


router = _router()

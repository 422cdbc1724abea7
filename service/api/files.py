"""A model's files, served by their role and never by a path: to look at, and to keep."""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Request, Response

from artifact.errors import UnknownModel
from artifact.manifest import PATHS, FigureRole, Role
from service.api.parameters import (
    NOT_FOUND,
    NOT_READY,
    Name,
    Responses,
    VersionChoice,
    VersionQuery,
)
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
_BYTES: Final = "application/octet-stream"  # ONNX and TorchScript files have no type of their own
_TYPES: Final = {".json": "application/json", ".png": "image/png"}
_RESPONSES: Final[Responses] = {
    **NOT_FOUND,
    **NOT_READY,
    304: {"description": "It is still what `If-None-Match` names."},
}
_FIGURE: Final[Responses] = {200: {"content": {"image/png": {}}, "description": "The picture."}}
_ANY_FILE: Final[Responses] = {
    200: {
        "content": {kind: {} for kind in (_BYTES, *_TYPES.values())},
        "description": "The file, under a name that says what it is.",
    }
}

IfNoneMatch = Annotated[str | None, Header(description="An earlier answer's `ETag`.")]
FileRole = Annotated[
    Role, Path(description="Of the file, as the manifest's `files` lists them.", examples=["onnx"])
]


def figure_url(request: Request, model: LoadedModel, role: FigureRole) -> str:
    """Say where on this server that version's figure lies."""
    root, (path, _) = request.scope.get("root_path", ""), _PATHS[role]
    return f"{root}/models/{model.manifest.name}/{path}?version={model.manifest.version}"


# Not a coroutine, nor are the figures: reading and verifying a file belongs in a thread.
def download(
    request: Request,
    name: Name,
    role: FileRole,
    query: VersionQuery,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Give a file of a model as it was published; its checksum is the `ETag`."""
    model = service_of(request).loaded().get(name, query.version)
    answer = _serve(model, role, query, if_none_match)
    file = f"{name}-{model.manifest.version}-{PurePosixPath(PATHS[role]).name}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer


def _figure(role: FigureRole) -> Callable[..., Response]:
    def get_figure(
        request: Request, name: Name, query: VersionQuery, if_none_match: IfNoneMatch = None
    ) -> Response:
        model = service_of(request).loaded().get(name, query.version)
        return _serve(model, role, query, if_none_match)

    return get_figure


def _serve(
    model: LoadedModel, role: Role, query: VersionChoice, if_none_match: str | None
) -> Response:
    file = model.manifest.files.get(role)
    if file is None:
        raise UnknownModel(f"{model} was published without {role}")
    headers = {"ETag": f'"{file.sha256}"', "Cache-Control": cache_control(query)}
    if is_known(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    kind = _TYPES.get(PurePosixPath(PATHS[role]).suffix, _BYTES)
    return Response(model.artifact.read(role), media_type=kind, headers=headers)


def cache_control(query: VersionChoice) -> str:
    """Say how long a browser may keep what a model's version shows."""
    return _CACHE_VERSION if query.version else _CACHE_HIGHEST


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether the client says that it has the file of that tag."""
    candidates = (if_none_match or "").split(",")
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in candidates)


def _router() -> APIRouter:
    router = APIRouter(responses=_RESPONSES, default_response_class=Response)
    for role, (path, summary) in _PATHS.items():
        router.add_api_route(
            f"/models/{{name}}/{path}",
            _figure(role),
            name=role,
            summary=summary,
            tags=["evidence"],
            responses=_FIGURE,
        )
    router.add_api_route(
        "/models/{name}/files/{role}", download, tags=["models"], responses=_ANY_FILE
    )
    return router


router = _router()

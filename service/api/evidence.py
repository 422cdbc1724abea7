"""What a person needs to judge a model: its metrics, curves, filters and examples; its files.

Files are served by their role and never by a path: to look at, and to keep.
"""

from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, TypeVar

import numpy as np
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from artifact.errors import BrokenArtifact, UnknownModel
from artifact.files import sha256
from artifact.manifest import PATHS, DocumentRole, FigureRole, Part, Role, Share
from artifact.metrics import Epoch, Example, FilterLayer, LayerKind, Metrics
from service.api.parameters import (
    NOT_FOUND,
    NOT_READY,
    PICTURE,
    UNCHANGED,
    ChosenModel,
    KnownTags,
    Name,
    Responses,
    VersionChoice,
    VersionQuery,
)
from service.registry import LoadedModel
from service.state import service_of

router = APIRouter(responses={**NOT_FOUND, **NOT_READY})

Document = TypeVar("Document", bound=BaseModel)

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
_ANY_FILE: Final[Responses] = {
    200: {
        "content": {kind: {} for kind in (_BYTES, *_TYPES.values())},
        "description": "The file, under a name that says what it is.",
    }
}

FileRole = Annotated[
    Role, Path(description="Of the file, as the manifest's `files` lists them.", examples=["onnx"])
]


class ConfusionMatrix(Part):
    """Of the test images. Rows are true labels, columns are predicted ones."""

    labels: list[str] = Field(description="Of the rows and of the columns.")
    rows: Literal["true"] = "true"
    columns: Literal["predicted"] = "predicted"
    counts: list[list[int]]
    row_normalised: list[list[Share]] = Field(
        description="Each row over its sum: the shares of the images of one true label; the "
        "diagonal is the recall. 0 where a label has no image."
    )


class Curves(Part):
    """Loss and accuracy, epoch by epoch."""

    chosen_epoch: int = Field(description="The one that was published: the best on validation.")
    epochs: list[Epoch]


class Layer(Part):
    """One convolution layer."""

    name: str
    kind: LayerKind
    shape: tuple[int, int, int, int]
    picture: str | None = Field(description="Where its filters are drawn; null where they are not.")


class LayerList(Part):
    """Every convolution layer, from input to output."""

    layers: list[Layer]


class ExampleList(Part):
    """Test images with what the model made of them."""

    total: int = Field(description="How many of that kind were published.")
    examples: list[Example]


class ExampleChoice(VersionChoice):
    """Which examples."""

    kind: Literal["correct", "wrong"] = Field(
        default="wrong", description="Whether the model named them rightly."
    )
    limit: int = Field(default=100, ge=1, le=1000, description="Most examples in the answer.")


ExampleQuery = Annotated[ExampleChoice, Query()]


@router.get("/models/{name}/metrics", tags=["evidence"])
async def get_metrics(model: ChosenModel) -> Metrics:
    """Give accuracy, loss, per-class scores and the confusion matrix of each split."""
    return published(model, "metrics", model.metrics)


@router.get("/models/{name}/confusion-matrix", tags=["evidence"])
async def get_confusion_matrix(model: ChosenModel) -> ConfusionMatrix:
    """Give the test images' confusion matrix: rows are true labels, columns predicted ones."""
    metrics = published(model, "metrics", model.metrics)
    counts = np.array(metrics.test.confusion_matrix)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    return ConfusionMatrix(
        labels=list(model.manifest.labels),
        counts=counts.tolist(),
        row_normalised=shares.tolist(),
    )


@router.get("/models/{name}/curves", tags=["evidence"])
async def get_curves(model: ChosenModel) -> Curves:
    """Give the training and validation loss and accuracy of each epoch."""
    metrics = published(model, "metrics", model.metrics)
    return Curves(chosen_epoch=model.manifest.provenance.epoch, epochs=list(metrics.curves))


@router.get("/models/{name}/filters", tags=["evidence"])
async def list_filters(request: Request, model: ChosenModel) -> LayerList:
    """List every convolution layer, and where its filters are drawn."""
    filters = published(model, "filters", model.filters)
    return LayerList(layers=[_layer(request, model, layer) for layer in filters.layers])


@router.get("/models/{name}/examples", tags=["evidence"])
async def list_examples(request: Request, name: Name, query: ExampleQuery) -> ExampleList:
    """List test images that the model named rightly or wrongly, with its confidence."""
    model = service_of(request).loaded().get(name, query.version)
    examples = published(model, "examples", model.examples)
    chosen = examples.correct if query.kind == "correct" else examples.wrong
    return ExampleList(total=len(chosen), examples=list(chosen[: query.limit]))


def published(model: LoadedModel, role: DocumentRole, document: Document | None) -> Document:
    """The document of that role that a model was published with.

    Raises:
        BrokenArtifact: It was damaged when the model was loaded.
        UnknownModel: The model was published without it.
    """
    if document is None and role in model.manifest.files:
        raise BrokenArtifact(f"{model}/{PATHS[role]} was damaged when the model was loaded")
    if document is None:
        raise UnknownModel(f"{model} was published without {role}")
    return document


def _layer(request: Request, model: LoadedModel, layer: FilterLayer) -> Layer:
    root = f"{request.scope.get('root_path', '')}/models/{model.manifest.name}"
    path = layer.figure and _PATHS[layer.figure][0]
    picture = path and f"{root}/{path}?version={model.manifest.version}"
    return Layer(name=layer.name, kind=layer.kind, shape=layer.shape, picture=picture)


def _figure(role: FigureRole) -> Callable[..., Response]:
    def get_figure(request: Request, model: ChosenModel, known: KnownTags) -> Response:
        return _serve(request, model, role, known)

    return get_figure


def _serve(request: Request, model: LoadedModel, role: Role, known: set[str]) -> Response:
    file = model.manifest.files.get(role)
    if file is None:
        raise UnknownModel(f"{model} was published without {role}")
    kind = _TYPES.get(PurePosixPath(PATHS[role]).suffix, _BYTES)
    read = partial(model.read, role)
    return _answer(read, file.sha256, known, kind, cache_control(request))


def cache_control(request: Request) -> str:
    """Say how long a browser may keep what a model's version shows."""
    return _CACHE_VERSION if "version" in request.query_params else _CACHE_HIGHEST


def cached(content: bytes, known: set[str], kind: str = "image/png") -> Response:
    """Answer with that content, or with nothing where the client has it."""
    return _answer(lambda: content, sha256(content), known, kind, _CACHE_HIGHEST)


def _answer(
    read: Callable[[], bytes], digest: str, known: set[str], kind: str, cache: str
) -> Response:
    headers = {"ETag": f'"{digest}"', "Cache-Control": cache}
    if not known.isdisjoint({headers["ETag"], "*"}):
        return Response(status_code=304, headers=headers)
    return Response(read(), media_type=kind, headers=headers)


# No coroutines: reading and verifying a file belongs in a thread.
for _role, (_path, _summary) in _PATHS.items():
    router.add_api_route(
        f"/models/{{name}}/{_path}",
        _figure(_role),
        name=_role,
        summary=_summary,
        tags=["evidence"],
        response_class=Response,
        responses={**PICTURE, **UNCHANGED},
    )


@router.get(
    "/models/{name}/files/{role}",
    tags=["models"],
    response_class=Response,
    responses={**UNCHANGED, **_ANY_FILE},
)
def download(
    request: Request, name: Name, role: FileRole, query: VersionQuery, known: KnownTags
) -> Response:
    """Give a file of a model as it was published; its checksum is the `ETag`."""
    model = service_of(request).loaded().get(name, query.version)
    answer = _serve(request, model, role, known)
    file = f"{name}-{model.manifest.version}-{PurePosixPath(PATHS[role]).name}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return answer

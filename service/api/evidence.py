"""What a person needs to judge a model: its metrics, curves, filters and examples."""

from typing import TypeVar

import numpy as np
from fastapi import APIRouter, Request
from pydantic import BaseModel

from artifact.errors import BrokenArtifact, UnknownModel
from artifact.filters import FilterLayer
from artifact.manifest import PATHS, DocumentRole
from artifact.metrics import Metrics
from service.api.files import figure_url
from service.api.parameters import NOT_FOUND, NOT_READY, ExampleQuery, Name, VersionQuery
from service.api.schemas import ConfusionMatrix, Curves, ExampleList, Layer, LayerList
from service.registry import LoadedModel
from service.state import service_of

router = APIRouter(tags=["evidence"], responses={**NOT_FOUND, **NOT_READY})

Document = TypeVar("Document", bound=BaseModel)


@router.get("/models/{name}/metrics")
async def get_metrics(request: Request, name: Name, query: VersionQuery) -> Metrics:
    """Give accuracy, loss, per-class scores and the confusion matrix of each split."""
    model = _model(request, name, query.version)
    return published(model, "metrics", model.metrics)


@router.get("/models/{name}/confusion-matrix")
async def get_confusion_matrix(
    request: Request, name: Name, query: VersionQuery
) -> ConfusionMatrix:
    """Give the test images' confusion matrix: rows are true labels, columns predicted ones."""
    model = _model(request, name, query.version)
    metrics = published(model, "metrics", model.metrics)
    counts = np.array(metrics.test.confusion_matrix)
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    return ConfusionMatrix(
        labels=list(model.manifest.labels),
        counts=counts.tolist(),
        row_normalised=shares.tolist(),
    )


@router.get("/models/{name}/curves")
async def get_curves(request: Request, name: Name, query: VersionQuery) -> Curves:
    """Give the training and validation loss and accuracy of each epoch."""
    model = _model(request, name, query.version)
    metrics = published(model, "metrics", model.metrics)
    return Curves(chosen_epoch=model.manifest.provenance.epoch, epochs=list(metrics.curves))


@router.get("/models/{name}/filters")
async def list_filters(request: Request, name: Name, query: VersionQuery) -> LayerList:
    """List every convolution layer, and where its filters are drawn."""
    model = _model(request, name, query.version)
    filters = published(model, "filters", model.filters)
    return LayerList(layers=[_layer(request, model, layer) for layer in filters.layers])


@router.get("/models/{name}/examples")
async def list_examples(request: Request, name: Name, query: ExampleQuery) -> ExampleList:
    """List test images that the model named rightly or wrongly, with its confidence."""
    model = _model(request, name, query.version)
    examples = published(model, "examples", model.examples)
    chosen = examples.correct if query.kind == "correct" else examples.wrong
    return ExampleList(total=len(chosen), examples=list(chosen[: query.limit]))


def _model(request: Request, name: str, version: int | None) -> LoadedModel:
    return service_of(request).loaded().get(name, version)


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
    picture = layer.figure and figure_url(request, model, layer.figure)
    return Layer(name=layer.name, kind=layer.kind, shape=layer.shape, picture=picture)

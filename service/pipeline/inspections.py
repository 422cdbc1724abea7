"""Why a network answers as it does: class maps, and what each layer makes of the picture."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from anyio import to_thread

from artifact.errors import UnknownModel
from artifact.inspection.class_map import Floats
from artifact.inspection.inspection import Inspection
from artifact.inspection.layers import NetworkLayer
from artifact.inspection.nearest import FeatureIndex
from artifact.inspection.sheets import sheet_of_maps
from artifact.runtimes.base import Logits
from service.pipeline.predict import answer
from service.registry import LoadedModel
from vision.preprocess import View


class Inspections:
    """Networks opened to be looked into, each when this is first asked for."""

    def __init__(self) -> None:
        self._opened = WeakKeyDictionary[LoadedModel, Inspection]()
        self._lock = Lock()

    def of(self, model: LoadedModel) -> Inspection:
        """Open a model, or give what was opened before; takes some milliseconds.

        Raises:
            UnknownModel: It was published without an ONNX file.
        """
        if "onnx" not in model.manifest.files:
            raise UnknownModel(f"{model} was published without onnx, the file that is looked into")
        with self._lock:
            inspection = self._opened.get(model)
            if inspection is None:
                inspection = Inspection(model.read("onnx"), model.manifest.input.shape)
                self._opened[model] = inspection
        return inspection


class Neighbours:
    """Features of each model's test pictures: computed once, when they are first asked for."""

    def __init__(self) -> None:
        self._indexes = WeakKeyDictionary[LoadedModel, asyncio.Task[FeatureIndex]]()
        self._one = asyncio.Semaphore()

    async def of(self, model: LoadedModel, compute: Callable[[], FeatureIndex]) -> FeatureIndex:
        """Give the index of a model; who asks while it is computed waits for the same one.

        Args:
            model: That is asked about.
            compute: Runs in a thread, one for all models; what it raises is not kept.
        """
        task = self._indexes.get(model)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._indexes[model] = asyncio.create_task(self._compute(compute))
        return await asyncio.shield(task)

    async def _compute(self, compute: Callable[[], FeatureIndex]) -> FeatureIndex:
        async with self._one:
            return await to_thread.run_sync(compute)


def explain_answer(
    inspection: Inspection, model: LoadedModel, view: View, labels: Sequence[str], *, layers: bool
) -> dict[str, object]:
    """Say why, as `service.api.why.WhyAnswer` documents it."""
    predictor = model.predictor()
    values = inspection.compute(
        predictor.batch([view]), [layer.value for layer in inspection.layers]
    )
    logits = values[inspection.output]
    [prediction] = predictor.answers([view], logits)
    chosen = list(dict.fromkeys([*best_two(model, logits), *labels]))
    head = inspection.head
    return {
        "answer": answer(predictor, prediction, view) | {"runtime": "onnx"},
        "class_maps": None
        if isinstance(head, str)
        else [
            {"label": label, "logit": float(logits[0, place]), "places": split.places.tolist()}
            | {"bias": split.bias, "sum": split.total}
            for label in chosen
            for place in [model.manifest.labels.index(label)]
            for split in [head.class_map(values[head.maps][0], place)]
        ],
        "no_class_maps": head if isinstance(head, str) else None,
        "layers": list(_layers(inspection.layers, values)) if layers else None,
    }


def best_two(model: LoadedModel, logits: Logits) -> list[str]:
    """Name the predicted class and the runner-up of one picture, by its logits [1, K]."""
    ranked = np.argsort(-logits[0], kind="stable")[:2]
    return [model.manifest.labels[place] for place in ranked]


def _layers(
    layers: Sequence[NetworkLayer], values: dict[str, Floats]
) -> Iterator[dict[str, object]]:
    for number, layer in enumerate(layers):
        maps = values[layer.value][0]
        if maps.ndim == 3 and maps[0].size > 1:
            png = b64encode(sheet_of_maps(maps)).decode()
            yield {"number": number, "maps": png, "largest": float(np.abs(maps).max())}

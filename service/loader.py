"""Reading, verifying and opening what is published: all of it, or what of it is whole."""

import logging
from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from pydantic import BaseModel

from artifact.errors import BrokenArtifact, OnBroken, RuntimeUnavailable, UnknownModel, refuse
from artifact.latency import Benchmark
from artifact.manifest import PATHS, DocumentRole, RuntimeId
from artifact.metrics import Examples, Filters, Metrics
from artifact.predictions import Predictions
from artifact.predictor import Predictor
from artifact.repository import Artifact, Repository, scan_model
from artifact.runtimes.table import RUNTIMES, is_installed
from service.registry import LoadedModel, ModelRegistry
from service.settings import Settings
from vision.errors import TandemError

PREFERRED_MODEL: Final = "mobilenet"
_WARM_UP_BATCHES: Final = (1, 2, 1, 2, 1)

Document = TypeVar("Document", bound=BaseModel)

log = logging.getLogger(__name__)


class BrokenArtifacts(dict[str, str]):
    """What is published and cannot be served: its place in the repository, and why."""

    def __init__(self, *, strict: bool) -> None:
        super().__init__()
        self._strict = strict

    def note(self, place: str, error: TandemError) -> None:
        """Take it in and go on, or stop.

        Raises:
            TandemError: The error, where nothing broken is accepted.
        """
        if self._strict:
            raise error
        if place not in self:
            log.error("not serving %s: %s", place, error)
            self[place] = str(error)


def load_models(settings: Settings, broken: BrokenArtifacts) -> ModelRegistry:
    """Read and verify the whole repository and open every model on every runtime.

    Raises:
        BrokenArtifact: The repository cannot be read, or a file is not what it should be.
        RuntimeUnavailable: A runtime that is asked for, or the only one a model has a file for,
            is not installed.
        UnknownModel: There is no model at all, or not the one that is to be the default.
    """
    loaded = []
    for artifact in Repository.scan(settings.models_dir, broken.note):
        try:
            loaded.append(_load(artifact, settings, broken.note))
        except (BrokenArtifact, RuntimeUnavailable) as error:
            broken.note(str(artifact), error)
    default = _default([model.manifest.name for model in loaded], settings, broken)
    return ModelRegistry(loaded, default, broken=broken)


def load_model(name: str, settings: Settings) -> list[LoadedModel]:
    """Read and verify every version of one published model and open them on every runtime.

    Raises:
        BrokenArtifact: A file is not what it should be.
        RuntimeUnavailable: As for `load_models`.
        UnknownModel: No such model is published.
    """
    return [_load(artifact, settings) for artifact in scan_model(settings.models_dir, name)]


def _load(artifact: Artifact, settings: Settings, on_broken: OnBroken = refuse) -> LoadedModel:
    runtimes = _choose_runtimes(artifact, settings)
    predictors = {runtime: artifact.open(runtime, settings.threads) for runtime in runtimes}
    for runtime, predictor in predictors.items():
        _warm_up(predictor, f"{artifact}/{PATHS[runtime]}")
    log.info("loaded %s on %s", artifact, ", ".join(runtimes))
    return LoadedModel(
        folder=artifact.folder,
        manifest=artifact.manifest,
        predictors=predictors,
        metrics=_document(artifact, "metrics", Metrics, on_broken),
        examples=_document(artifact, "examples", Examples, on_broken),
        benchmark=_document(artifact, "benchmark", Benchmark, on_broken),
        filters=_document(artifact, "filters", Filters, on_broken),
        predictions=_document(artifact, "predictions", Predictions, on_broken),
    )


def _choose_runtimes(artifact: Artifact, settings: Settings) -> list[RuntimeId]:
    wanted = settings.runtimes or tuple(filter(is_installed, RUNTIMES))
    chosen = [runtime for runtime in wanted if runtime in artifact.manifest.runtimes]
    if not chosen:
        published = ", ".join(artifact.manifest.runtimes) or "none"
        raise RuntimeUnavailable(
            f"{artifact} runs on {published}, and this service on {', '.join(wanted) or 'none'}"
        )
    return chosen


def _warm_up(predictor: Predictor, shown: str) -> None:
    # The first runs are slow (TorchScript compiles in them), and a model that cannot run shows it.
    labels = len(predictor.manifest.labels)
    for pictures in _WARM_UP_BATCHES:
        batch = np.zeros((pictures, *predictor.manifest.input.shape), np.float32)
        try:
            logits = predictor.run(batch)
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            raise BrokenArtifact(f"{shown} does not take {batch.shape}: {reason}") from error
        predictor.check_finite(logits)
        if logits.shape != (pictures, labels) or logits.dtype != np.float32:
            raise BrokenArtifact(
                f"{shown} gives {logits.dtype} {logits.shape} for {pictures} pictures; "
                f"for {labels} labels it must be float32 {(pictures, labels)}"
            )


def _document(
    artifact: Artifact, role: DocumentRole, kind: type[Document], on_broken: OnBroken
) -> Document | None:
    try:
        return artifact.find(role, kind)
    except BrokenArtifact as error:
        on_broken(f"{artifact}/{PATHS[role]}", error)
        return None


def _default(names: Sequence[str], settings: Settings, broken: BrokenArtifacts) -> str:
    """Choose the model that answers where none is named: as set, else the preferred, else any."""
    wanted = settings.default_model
    if not names:
        place = settings.models_dir.name
        why = f"directory {place} holds no published model that can be served"
        broken.note(place, UnknownModel(f"{why}; publish one with `tandem train`"))
    elif wanted is not None and wanted not in names:
        known = ", ".join(sorted(set(names)))
        unknown = UnknownModel(f"no model {wanted[:100]!r}; published models: {known}")
        broken.note(wanted, unknown)
    preferred = [name for name in (wanted, PREFERRED_MODEL) if name in names]
    return next(iter([*filter(None, preferred), *names]), PREFERRED_MODEL)

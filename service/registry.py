"""What the service answers from: every published model, opened, with its documents read."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeVar

import numpy as np
from pydantic import BaseModel

from artifact.errors import (
    BrokenArtifact,
    NothingLoaded,
    OnBroken,
    RuntimeUnavailable,
    UnknownModel,
    refuse,
)
from artifact.filters import Filters
from artifact.latency import Benchmark
from artifact.manifest import PATHS, DocumentRole, Manifest, RuntimeId
from artifact.metrics import Examples, Metrics
from artifact.predictor import Predictor
from artifact.repository import Artifact, Repository, scan_model
from artifact.runtimes.table import RUNTIMES, is_installed
from service.settings import Settings
from vision.errors import TandemError

PREFERRED_MODEL: Final = "mobilenet"
_WARM_UP_BATCHES: Final = (1, 2, 1, 2, 1)

Document = TypeVar("Document", bound=BaseModel)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class LoadedModel:
    """One version of one model: on every runtime that is open, and its evidence.

    A document that was not published is None.
    """

    artifact: Artifact
    predictors: Mapping[RuntimeId, Predictor]
    metrics: Metrics | None
    examples: Examples | None
    benchmark: Benchmark | None
    filters: Filters | None

    def __str__(self) -> str:
        return str(self.artifact)

    @property
    def manifest(self) -> Manifest:
        """What the artifact says of itself."""
        return self.artifact.manifest

    def predictor(self, runtime: str | None = None) -> Predictor:
        """Choose a runtime; the model's first one unless asked otherwise.

        Raises:
            UnknownModel: The model is not open on that runtime; the message says on which it is.
        """
        if runtime is None:
            return next(iter(self.predictors.values()))
        for known, predictor in self.predictors.items():
            if known == runtime:
                return predictor
        raise UnknownModel(
            f"model {self.manifest.name} version {self.manifest.version} does not run on "
            f"{runtime[:100]!r} here; its runtimes: {', '.join(self.predictors)}"
        )


class ModelRegistry:
    """Every loaded model, by name and version; one of them is the default.

    Never changed: what is loaded or unloaded later makes another one, so that each request is
    answered by what it began with.
    """

    def __init__(
        self,
        loaded: Iterable[LoadedModel],
        default: str,
        unloaded: Iterable[str] = (),
        broken: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._loaded = {str(model): model for model in loaded}
        self._repository = Repository.of(model.artifact for model in self._loaded.values())
        self._unloaded = frozenset(unloaded)
        self.default = default
        self.broken = broken

    @classmethod
    def load(cls, settings: Settings, broken: "BrokenArtifacts | None" = None) -> "ModelRegistry":
        """Read and verify the whole repository and open every model on every runtime.

        Args:
            settings: Of the process.
            broken: Told of what cannot be served; by default, it stops at the first.

        Raises:
            BrokenArtifact: The repository cannot be read, or a file is not what it should be.
            RuntimeUnavailable: A runtime that is asked for, or the only one a model has a file
                for, is not installed.
            UnknownModel: There is no model at all, or not the one that is to be the default.
        """
        broken = BrokenArtifacts(strict=True) if broken is None else broken
        repository = Repository.scan(settings.models_dir, broken.note)
        loaded = [
            model for artifact in repository if (model := _try_to_load(artifact, settings, broken))
        ]
        default = _default([model.manifest.name for model in loaded], settings, broken)
        return cls(loaded, default, broken=broken)

    def replace(self, name: str, versions: Sequence[LoadedModel]) -> "ModelRegistry":
        """Make the same models, but of that name these versions; none: it is unloaded."""
        others = [model for model in self if model.manifest.name != name]
        unloaded = self._unloaded - {name} if versions else self._unloaded | {name}
        broken = {
            place: why
            for place, why in self.broken.items()
            if not versions or place.partition("/")[0] != name
        }
        default = name if self.nothing else self.default
        return ModelRegistry([*others, *versions], default, unloaded, broken)

    @property
    def nothing(self) -> bool:
        """Whether not one model is loaded, and none was unloaded: there is none to be had."""
        return not self._loaded and not self._unloaded

    def __iter__(self) -> Iterator[LoadedModel]:
        """Every version of every model, names in order, the highest version first."""
        return (self._loaded[str(artifact)] for artifact in self._repository)

    def __contains__(self, name: str) -> bool:
        """Whether any version of that model is loaded."""
        return bool(self.versions(name))

    def get(self, name: str | None = None, version: int | None = None) -> LoadedModel:
        """Look a model up: the default one, in its highest version, unless asked otherwise.

        Raises:
            NothingLoaded: None is asked for, and there is none.
            UnknownModel: There is no such name or version; the message says which there are.
        """
        wanted = self.default if name is None else name
        if wanted in self._unloaded:
            raise UnknownModel(f"model {wanted} is unloaded")
        if name is None and self.nothing:
            raise NothingLoaded("no model can be served; /health/ready says why")
        try:
            return self._loaded[str(self._repository.get(wanted, version))]
        except UnknownModel as error:
            raise self._explain(wanted, version) or error from None

    def _explain(self, name: str, version: int | None) -> UnknownModel | None:
        """Say why a published model is not served, where that is so."""
        places = [f"{name}/{version}"] if version is not None else sorted(self.broken)
        for place in places:
            if place in self.broken and place.partition("/")[0] == name:
                return UnknownModel(f"model {place} cannot be served: {self.broken[place]}")
        return None

    def latest(self) -> list[LoadedModel]:
        """The highest version of every model, names in order."""
        return [self.get(name) for name in sorted({model.manifest.name for model in self})]

    def versions(self, name: str) -> list[int]:
        """Every version of that model, the highest first."""
        return [model.manifest.version for model in self if model.manifest.name == name]

    def runtimes(self) -> list[RuntimeId]:
        """The runtimes that at least one model is open on."""
        open_here = {runtime for model in self for runtime in model.predictors}
        return [runtime for runtime in RUNTIMES if runtime in open_here]


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


def load_model(name: str, settings: Settings) -> list[LoadedModel]:
    """Read and verify every version of one published model and open them on every runtime.

    Raises:
        BrokenArtifact: A file is not what it should be.
        RuntimeUnavailable: As for `ModelRegistry.load`.
        UnknownModel: No such model is published.
    """
    return [_load(artifact, settings) for artifact in scan_model(settings.models_dir, name)]


def _try_to_load(
    artifact: Artifact, settings: Settings, broken: BrokenArtifacts
) -> LoadedModel | None:
    try:
        return _load(artifact, settings, broken.note)
    except (BrokenArtifact, RuntimeUnavailable) as error:
        broken.note(str(artifact), error)
        return None


def _load(artifact: Artifact, settings: Settings, on_broken: OnBroken = refuse) -> LoadedModel:
    runtimes = _choose_runtimes(artifact, settings)
    predictors = {runtime: artifact.open(runtime, settings.threads) for runtime in runtimes}
    for runtime, predictor in predictors.items():
        _warm_up(predictor, f"{artifact}/{PATHS[runtime]}")
    log.info("loaded %s on %s", artifact, ", ".join(runtimes))
    return LoadedModel(
        artifact=artifact,
        predictors=predictors,
        metrics=_document(artifact, "metrics", Metrics, on_broken),
        examples=_document(artifact, "examples", Examples, on_broken),
        benchmark=_document(artifact, "benchmark", Benchmark, on_broken),
        filters=_document(artifact, "filters", Filters, on_broken),
    )


def _choose_runtimes(artifact: Artifact, settings: Settings) -> list[RuntimeId]:
    wanted = settings.runtimes or tuple(filter(is_installed, RUNTIMES))
    chosen = [runtime for runtime in artifact.manifest.runtimes if runtime in wanted]
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
            predictor.check_finite(logits)
            shape, kind = logits.shape, logits.dtype
        except BrokenArtifact:
            raise
        except Exception as error:
            reason = str(error).strip().partition("\n")[0]
            raise BrokenArtifact(f"{shown} does not take {batch.shape}: {reason}") from error
        if shape != (pictures, labels) or kind != np.float32:
            raise BrokenArtifact(
                f"{shown} gives {kind} {shape} for {pictures} pictures; "
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

"""What the service answers from: every published model, opened, with its documents read."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from pydantic import BaseModel

from artifact.errors import BrokenArtifact, RuntimeUnavailable, UnknownModel
from artifact.filters import Filters
from artifact.latency import Benchmark
from artifact.manifest import PATHS, DocumentRole, Manifest, RuntimeId
from artifact.metrics import Examples, Metrics
from artifact.predictor import Predictor
from artifact.repository import Artifact, Repository, scan_model
from artifact.runtimes.table import RUNTIMES, is_installed
from service.settings import Settings

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
        self, loaded: Iterable[LoadedModel], default: str, unloaded: Iterable[str] = ()
    ) -> None:
        self._loaded = {str(model): model for model in loaded}
        self._repository = Repository.of(model.artifact for model in self._loaded.values())
        self._unloaded = frozenset(unloaded)
        self.default = default

    @classmethod
    def load(cls, settings: Settings) -> "ModelRegistry":
        """Read and verify the whole repository and open every model on every runtime.

        Raises:
            BrokenArtifact: The repository cannot be read, or a file is not what it should be.
            RuntimeUnavailable: A runtime that is asked for, or the only one a model has a file
                for, is not installed.
            UnknownModel: There is no model at all, or not the one that is to be the default.
        """
        repository = Repository.scan(settings.models_dir)
        default = _default(repository, settings)
        return cls([_load(artifact, settings) for artifact in repository], default)

    def replace(self, name: str, versions: Sequence[LoadedModel]) -> "ModelRegistry":
        """Make the same models, but of that name these versions; none: it is unloaded."""
        others = [model for model in self if model.manifest.name != name]
        unloaded = self._unloaded - {name} if versions else self._unloaded | {name}
        return ModelRegistry([*others, *versions], self.default, unloaded)

    def __iter__(self) -> Iterator[LoadedModel]:
        """Every version of every model, names in order, the highest version first."""
        return (self._loaded[str(artifact)] for artifact in self._repository)

    def __contains__(self, name: str) -> bool:
        """Whether any version of that model is loaded."""
        return bool(self.versions(name))

    def get(self, name: str | None = None, version: int | None = None) -> LoadedModel:
        """Look a model up: the default one, in its highest version, unless asked otherwise.

        Raises:
            UnknownModel: There is no such name or version; the message says which there are.
        """
        wanted = self.default if name is None else name
        if wanted in self._unloaded:
            raise UnknownModel(f"model {wanted} is unloaded")
        return self._loaded[str(self._repository.get(wanted, version))]

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


def load_model(name: str, settings: Settings) -> list[LoadedModel]:
    """Read and verify every version of one published model and open them on every runtime.

    Raises:
        BrokenArtifact: A file is not what it should be.
        RuntimeUnavailable: As for `ModelRegistry.load`.
        UnknownModel: No such model is published.
    """
    return [_load(artifact, settings) for artifact in scan_model(settings.models_dir, name)]


def _load(artifact: Artifact, settings: Settings) -> LoadedModel:
    runtimes = _choose_runtimes(artifact, settings)
    predictors = {runtime: artifact.open(runtime, settings.threads) for runtime in runtimes}
    for runtime, predictor in predictors.items():
        _warm_up(predictor, f"{artifact}/{PATHS[runtime]}")
    log.info("loaded %s on %s", artifact, ", ".join(runtimes))
    return LoadedModel(
        artifact=artifact,
        predictors=predictors,
        metrics=_document(artifact, "metrics", Metrics),
        examples=_document(artifact, "examples", Examples),
        benchmark=_document(artifact, "benchmark", Benchmark),
        filters=_document(artifact, "filters", Filters),
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


def _document(artifact: Artifact, role: DocumentRole, kind: type[Document]) -> Document | None:
    return artifact.document(role, kind) if role in artifact.manifest.files else None


def _default(repository: Repository, settings: Settings) -> str:
    names = [artifact.manifest.name for artifact in repository]
    if not names:
        raise UnknownModel(
            f"directory {settings.models_dir} holds no published model; "
            "publish one with `python -m training run`"
        )
    if settings.default_model is not None:
        return repository.get(settings.default_model).manifest.name
    return PREFERRED_MODEL if PREFERRED_MODEL in names else names[0]

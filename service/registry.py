"""What the service answers from: every loaded model, by name and version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from artifact.errors import NothingLoaded, UnknownModel
from artifact.latency import Benchmark
from artifact.manifest import RuntimeId
from artifact.metrics import Examples, Filters, Metrics
from artifact.predictions import Predictions
from artifact.predictor import Predictor
from artifact.repository import Artifact, Versions
from artifact.runtimes.table import RUNTIMES


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel(Artifact):
    """One version of one model: on every runtime that is open, and its evidence.

    A document that was not published is None.
    """

    predictors: Mapping[RuntimeId, Predictor]
    metrics: Metrics | None
    examples: Examples | None
    benchmark: Benchmark | None
    filters: Filters | None
    predictions: Predictions | None

    @property
    def identity(self) -> dict[str, object]:
        """Name and version, as answers tell them."""
        return {"model": self.manifest.name, "version": self.manifest.version}

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


class ModelRegistry(Versions[LoadedModel]):
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
        super().__init__(loaded)
        self._unloaded = frozenset(unloaded)
        self.default = default
        self.broken = broken

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
        return not self._models and not self._unloaded

    def __contains__(self, name: str) -> bool:
        """Whether any version of that model is loaded."""
        return name in self._models

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
            return super().get(wanted, version)
        except UnknownModel as error:
            raise self._explain(wanted, version) or error from None

    def _explain(self, name: str, version: int | None) -> UnknownModel | None:
        """Say why a published model is not served, where that is so."""
        places = [f"{name}/{version}"] if version is not None else sorted(self.broken)
        for place in places:
            if place in self.broken and place.partition("/")[0] == name:
                return UnknownModel(f"model {place} cannot be served: {self.broken[place]}")
        return None

    def versions(self, name: str) -> list[int]:
        """Every version of that model, the highest first."""
        return list(self._models.get(name, ()))

    def runtimes(self) -> list[RuntimeId]:
        """The runtimes that at least one model is open on."""
        open_here = {runtime for model in self for runtime in model.predictors}
        return [runtime for runtime in RUNTIMES if runtime in open_here]

"""Published models side by side: which is better, by how much, and whether that is more than noise.

Only models that saw the same test images are compared, image by image: examples.json lists every
image that a model names wrongly, so nothing has to be run again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pydantic import Field

from artifact.latency import Benchmark
from artifact.manifest import FindingName, Manifest, Part, RuntimeId, Share
from artifact.metrics import Examples, Metrics, Seeds
from artifact.repository import Artifact
from artifact.statistics.option import Option, published_options
from artifact.statistics.paired import PairedDifference, holm


@dataclass(frozen=True)
class Contender:
    """A published model and its documents; one that was not published is None."""

    manifest: Manifest
    metrics: Metrics | None
    examples: Examples | None
    benchmark: Benchmark | None

    def __str__(self) -> str:
        return f"{self.manifest.name}/{self.manifest.version}"

    @classmethod
    def of(cls, artifact: Artifact) -> "Contender":
        """Read the documents of a published model.

        Raises:
            BrokenArtifact: One is not what the manifest says.
        """
        return cls(
            artifact.manifest,
            artifact.find("metrics", Metrics),
            artifact.find("examples", Examples),
            artifact.find("benchmark", Benchmark),
        )


class RuntimeFigures(Part):
    """One model on one runtime."""

    runtime: RuntimeId
    accuracy: Share = Field(description="On the test images; onnx-int8 has its own.")
    macro_recall: Share = Field(description="Mean of the classes' recalls, likewise.")
    bytes: int = Field(ge=1, description="Size of the model file.")
    p50_ms: float | None = Field(
        description="Recorded median time for one picture; null where none was recorded."
    )


class ComparedModel(Part):
    """One model's own figures."""

    model: str = Field(description="Name and version.")
    accuracy: Share = Field(description="On the test images.")
    interval: tuple[Share, Share] = Field(description="Wilson's 95% interval of the accuracy.")
    seeds: Seeds | None = Field(description="The spread over seeds, where it is known.")
    parameters: int
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    hardware: str | None = Field(description="That the latency was recorded on.")
    runtimes: tuple[RuntimeFigures, ...]
    quantised: PairedDifference | None = Field(
        description="First is onnx-int8, second the network; null where there is none."
    )
    findings: tuple[FindingName, ...] = Field(description="What is wrong with the model.")


class ComparedPair(Part):
    """Two models on the same test images, on the default runtime."""

    first: str = Field(description="Name and version; the more accurate one.")
    second: str
    paired: PairedDifference
    adjusted_p_value: Share = Field(
        description="McNemar's p after Holm's correction for all pairs of the group."
    )


class FrontPoint(Part):
    """One model on one runtime, with its accuracy and what that costs."""

    model: str = Field(description="Name and version.")
    runtime: RuntimeId
    accuracy: Share
    cost: float = Field(gt=0, description="Milliseconds or bytes.")

    def beats(self, other: "FrontPoint") -> bool:
        """Whether it is at least as good in both, and better in one."""
        no_worse = self.accuracy >= other.accuracy and self.cost <= other.cost
        return no_worse and (self.accuracy, self.cost) != (other.accuracy, other.cost)


class LatencyFront(Part):
    """What is worth choosing by speed, of what was measured on one machine."""

    hardware: str
    points: tuple[FrontPoint, ...] = Field(description="Milliseconds, the fastest first.")


class ComparedGroup(Part):
    """Models that saw the same test images."""

    dataset: str
    test_images: int
    models: tuple[ComparedModel, ...] = Field(description="The most accurate first.")
    pairs: tuple[ComparedPair, ...]
    size_front: tuple[FrontPoint, ...] = Field(
        description="What no other model on any runtime beats in both bytes and accuracy."
    )
    latency_fronts: tuple[LatencyFront, ...] = Field(description="One for each machine.")


class NotCompared(Part):
    """A model that is left out, and why."""

    model: str
    reason: str


class ModelComparison(Part):
    """Every published model against every other one that saw the same test images."""

    groups: tuple[ComparedGroup, ...] = Field(
        description="Models of different groups saw different test images: they are not compared."
    )
    not_compared: tuple[NotCompared, ...]


@dataclass(frozen=True)
class OptionGroup:
    """Every published model of one data set's test images, on each of its runtimes."""

    dataset: str
    options: Sequence[Option]


@dataclass(frozen=True)
class _Tested:
    """A contender with everything that a comparison rests on."""

    manifest: Manifest
    metrics: Metrics
    options: tuple[Option, ...]  # one a runtime, the default one first
    hardware: str | None

    def __str__(self) -> str:
        return self.options[0].model

    @property
    def wrong(self) -> int:
        """How many test images it names wrongly."""
        return len(self.options[0].wrong)


def compare_models(contenders: Iterable[Contender]) -> ModelComparison:
    """Compare every pair of models that saw the same test images."""
    groups, left_out = _same_images(contenders)
    return ModelComparison(groups=tuple(map(_compare_group, groups)), not_compared=tuple(left_out))


def option_groups(contenders: Iterable[Contender]) -> list[OptionGroup]:
    """What can be chosen of published models: a group for every set of test images."""
    groups, _ = _same_images(contenders)
    return [
        OptionGroup(
            group[0].manifest.provenance.dataset,
            [option for model in group for option in model.options],
        )
        for group in groups
    ]


def _test(contender: Contender) -> _Tested | NotCompared:
    metrics, examples = contender.metrics, contender.examples
    if metrics is None or examples is None:
        return NotCompared(model=str(contender), reason="published without metrics or examples")
    images = sum(map(sum, metrics.test.confusion_matrix))
    right = sum(row[k] for k, row in enumerate(metrics.test.confusion_matrix))
    wrong = frozenset(example.index for example in examples.wrong)
    if len(wrong) != images - right or images != contender.manifest.provenance.split.test:
        return NotCompared(
            model=str(contender),
            reason=f"its examples list {len(wrong)} wrong test images of "
            f"{contender.manifest.provenance.split.test}, its metrics {images - right} of {images}",
        )
    benchmark = contender.benchmark
    options = tuple(published_options(contender.manifest, metrics, wrong, benchmark))
    return _Tested(contender.manifest, metrics, options, benchmark.hardware if benchmark else None)


def _same_images(
    contenders: Iterable[Contender],
) -> tuple[list[list[_Tested]], list[NotCompared]]:
    """Models by the test images that they saw, and those that cannot be compared."""
    outcomes = list(map(_test, contenders))
    tested = [outcome for outcome in outcomes if isinstance(outcome, _Tested)]
    groups: dict[object, list[_Tested]] = defaultdict(list)
    for model in tested:
        groups[_test_images(model, tested)].append(model)
    left_out = [outcome for outcome in outcomes if isinstance(outcome, NotCompared)]
    return list(groups.values()), left_out


def _test_images(model: _Tested, tested: Sequence[_Tested]) -> object:
    """The digest of the images: it is the same at whatever size a network sees them.

    Older models have none: theirs are taken for those of the models whose data set, labels and
    number of images of each label are the same, where these have one digest.
    """
    if digest := _digest(model):
        return digest
    described = _describe_images(model)
    alike = {_digest(other) for other in tested if _describe_images(other) == described} - {None}
    return alike.pop() if len(alike) == 1 else described


def _digest(model: _Tested) -> str | None:
    return model.manifest.provenance.split.test_sha256


def _describe_images(model: _Tested) -> object:
    supports = tuple((row.label, row.support) for row in model.metrics.test.per_class)
    return model.manifest.provenance.dataset, supports


def _compare_group(group: Sequence[_Tested]) -> ComparedGroup:
    best_first = sorted(group, key=lambda model: (model.wrong, str(model)))
    models = tuple(map(_describe, best_first))
    provenance = best_first[0].manifest.provenance
    return ComparedGroup(
        dataset=provenance.dataset,
        test_images=provenance.split.test,
        models=models,
        pairs=_compare_pairs(best_first),
        size_front=pareto_front(points_by(models, lambda row: row.bytes)),
        latency_fronts=tuple(_latency_fronts(models)),
    )


def _compare_pairs(models: Sequence[_Tested]) -> tuple[ComparedPair, ...]:
    pairs = list(combinations(models, 2))
    compared = [first.options[0].against(second.options[0]) for first, second in pairs]
    adjusted = holm([paired.p_value for paired in compared])
    return tuple(
        ComparedPair(first=str(first), second=str(second), paired=paired, adjusted_p_value=p_value)
        for (first, second), paired, p_value in zip(pairs, compared, adjusted, strict=True)
    )


def _describe(model: _Tested) -> ComparedModel:
    manifest, metrics = model.manifest, model.metrics
    return ComparedModel(
        model=str(model),
        accuracy=metrics.test.accuracy,
        interval=metrics.test.interval,
        seeds=metrics.seeds,
        parameters=manifest.architecture.parameters,
        macs=manifest.architecture.macs,
        hardware=model.hardware,
        runtimes=tuple(
            RuntimeFigures.model_validate(option, from_attributes=True) for option in model.options
        ),
        quantised=metrics.quantised.against_float if metrics.quantised else None,
        findings=tuple(finding.name for finding in manifest.findings),
    )


def _latency_fronts(models: Sequence[ComparedModel]) -> Iterator[LatencyFront]:
    for hardware in dict.fromkeys(model.hardware for model in models if model.hardware):
        if points := pareto_front(points_by(models, lambda row: row.p50_ms, hardware)):
            yield LatencyFront(hardware=hardware, points=points)


def pareto_front(points: Iterable[FrontPoint]) -> tuple[FrontPoint, ...]:
    """Points that no other one beats, the cheapest first."""
    cheapest_first = sorted(points, key=lambda point: (point.cost, -point.accuracy))
    return tuple(
        point for point in cheapest_first if not any(other.beats(point) for other in cheapest_first)
    )


def points_by(
    models: Sequence[ComparedModel],
    price: Callable[[RuntimeFigures], float | None],
    hardware: str | None = None,
) -> Iterator[FrontPoint]:
    """Models by runtime that have that price; those of one machine, where it is named."""
    for model in models:
        for row in model.runtimes if hardware in (None, model.hardware) else ():
            if (cost := price(row)) is not None:
                yield FrontPoint(
                    model=model.model, runtime=row.runtime, accuracy=row.accuracy, cost=cost
                )

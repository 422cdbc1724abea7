"""What can be chosen, and is: one model on one runtime, its price, what it made of the pictures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import Field

from artifact.latency import Benchmark
from artifact.manifest import FindingName, Manifest, Part, RuntimeId, Share
from artifact.metrics import Metrics
from artifact.statistics.paired import PairedDifference, paired_difference
from artifact.statistics.proportions import wilson_interval

Verdict = Literal["ship", "constraints-unmet", "no-better-than-majority", "flawed"]


@dataclass(frozen=True)
class Option:
    """One model on one runtime. Options are compared only where they named the same pictures.

    Attributes:
        confusion: Counts of pictures: rows are true labels, columns are predicted ones.
        wrong: Indices of the pictures that it names wrongly. Of a quantised file whose single
            answers were not kept, those of the network that it was made of.
        rounded: Pictures on which a quantised file and that network are not both right or both
            wrong; 0 where `wrong` is the file's own.
    """

    model: str  # its name, with the version where it is published
    runtime: RuntimeId  # that executes it
    bytes: int
    p50_ms: float | None  # median time for one picture; None where it was not measured
    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    wrong: frozenset[int]
    findings: tuple[FindingName, ...] = ()  # what is wrong with the model, whatever its accuracy
    rounded: int = 0

    def __str__(self) -> str:
        return f"{self.model} on {self.runtime}"

    @cached_property
    def images(self) -> int:
        """Pictures that it has named."""
        return sum(self.supports)

    @cached_property
    def supports(self) -> tuple[int, ...]:
        """Pictures of each class."""
        return tuple(map(sum, self.confusion))

    @cached_property
    def accuracy(self) -> float:
        """Share of the pictures that it names rightly."""
        return self._correct / self.images

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval of the accuracy."""
        return wilson_interval(self._correct, self.images)

    @cached_property
    def recalls(self) -> dict[str, float]:
        """By class: the share of its pictures that are named rightly."""
        return {
            label: row[place] / max(1, sum(row))
            for place, (label, row) in enumerate(zip(self.labels, self.confusion, strict=True))
        }

    @property
    def macro_recall(self) -> float:
        """Unweighted mean of the classes' recalls."""
        return sum(self.recalls.values()) / len(self.recalls)

    @property
    def majority(self) -> float:
        """Accuracy of always naming the most frequent class of these pictures."""
        return max(self.supports) / self.images

    def against(self, other: "Option") -> PairedDifference:
        """Compare its answers with those of another option on the same pictures."""
        return paired_difference(
            images=self.images,
            first=len(other.wrong - self.wrong),
            second=len(self.wrong - other.wrong),
            both_wrong=len(self.wrong & other.wrong),
        )

    @cached_property
    def _correct(self) -> int:
        return sum(row[place] for place, row in enumerate(self.confusion))


class Choice(Part):
    """One model on one runtime, as a decision names it."""

    model: str
    runtime: RuntimeId
    accuracy: Share
    interval: tuple[Share, Share] = Field(description="Wilson's 95% interval of the accuracy.")
    macro_recall: Share = Field(description="Unweighted mean of the recall of every class.")
    recalls: dict[str, Share] = Field(description="By class.")
    bytes: int = Field(description="Of the model file.")
    p50_ms: float | None = Field(description="Null where it was not measured.")


class Rival(Part):
    """What else could be shipped, beside the pick."""

    choice: Choice
    shippable: bool = Field(
        True, description="Whether it meets the constraints and beats the most frequent class."
    )
    paired: PairedDifference = Field(description="First is the pick, second the rival.")
    p_value: Share = Field(
        description="McNemar's, after Holm's correction for all that were compared."
    )
    more_pictures: int | None = Field(
        description="That would settle which is better, were they as those there are; null where "
        "it is settled, or where the two are equally right."
    )


def published_options(
    manifest: Manifest, metrics: Metrics, wrong: Iterable[int], benchmark: Benchmark | None
) -> Iterator[Option]:
    """One option for each runtime of a published model."""
    errors = frozenset(wrong)
    for runtime in manifest.runtimes:
        quantised = metrics.quantised if runtime == "onnx-int8" else None
        yield Option(
            model=f"{manifest.name}/{manifest.version}",
            runtime=runtime,
            bytes=manifest.files[runtime].bytes,
            p50_ms=benchmark.p50_ms(runtime) if benchmark else None,
            labels=manifest.labels,
            confusion=(quantised or metrics).test.confusion_matrix,
            wrong=errors,
            findings=tuple(finding.name for finding in manifest.findings),
            rounded=quantised.against_float.discordant if quantised else 0,
        )

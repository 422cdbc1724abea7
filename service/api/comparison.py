"""Every model against every other, and which of them to ship: one decision for each data set."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from artifact.manifest import Part, RuntimeId, Share
from artifact.statistics.comparison import (
    Contender,
    ModelComparison,
    OptionGroup,
    compare_models,
    option_groups,
)
from artifact.statistics.constraints import Constraints, Positive
from artifact.statistics.decision import Decision, decide
from service.api.parameters import NOT_READY
from service.errors import InvalidField
from service.state import service_of

router = APIRouter(tags=["comparison"], responses=NOT_READY)


class ConstraintsChoice(Part):
    """What the model must meet."""

    min_accuracy: Share | None = Field(None, description="On the test images.")
    max_ms: Positive | None = Field(None, description="Recorded median time for one picture.")
    max_kib: Positive | None = Field(None, description="Size of the model file, in KiB.")
    min_recall: list[str] = Field(
        [], max_length=200, description="As `7=0.99`, for one class; may be repeated."
    )
    runtime: RuntimeId | None = Field(None, description="The only one that can be used.")


class GroupDecision(Part):
    """What to ship of the models of one data set."""

    dataset: str
    decision: Decision


class Recommendation(Part):
    """A decision for each data set; models of different data sets are no rivals."""

    groups: list[GroupDecision]


# Not coroutines: the pairs of many models are arithmetic that belongs in a thread.
@router.get("/comparison")
def get_comparison(request: Request) -> ModelComparison:
    """Compare the highest versions of all models, pair by pair, on the same test images.

    Each pair has the difference of the accuracies with Tango's 95% interval, the images that only
    one of the two names rightly, and McNemar's exact p. The fronts hold what no other model and
    runtime beats in accuracy and in size, or in accuracy and in latency.
    """
    return compare_models(_contenders(request))


@router.get("/recommendation")
def get_recommendation(
    request: Request, choice: Annotated[ConstraintsChoice, Query()]
) -> Recommendation:
    """Say which model to ship within the constraints, why, and what it costs beside its rival.

    Where nothing meets the constraints, `unmet` says which one fails, and by how much.
    """
    groups = option_groups(_contenders(request))
    recalls = _read_recalls(choice.min_recall, groups)
    return Recommendation(
        groups=[
            GroupDecision(
                dataset=group.dataset,
                decision=decide(group.options, _constraints(choice, recalls, group)),
            )
            for group in groups
        ]
    )


def _contenders(request: Request) -> Iterator[Contender]:
    for model in service_of(request).loaded().latest():
        yield Contender(model.manifest, model.metrics, model.examples, model.benchmark)


def _constraints(
    choice: ConstraintsChoice, recalls: Mapping[str, float], group: OptionGroup
) -> Constraints:
    """Ask of a group the recalls of its own classes alone."""
    own = {label: least for label, least in recalls.items() if label in _labels(group)}
    return Constraints(**{**choice.model_dump(), "min_recall": own})


def _read_recalls(texts: Sequence[str], groups: Sequence[OptionGroup]) -> dict[str, float]:
    known = sorted({label for group in groups for label in _labels(group)})
    recalls: dict[str, float] = {}
    for text in texts:
        label, _, least = text.rpartition("=")
        if label not in known:
            raise _invalid(f"There is no class {label[:100]!r}; the classes: {', '.join(known)}")
        recalls[label] = _read_share(least)
    return recalls


def _read_share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise _invalid(f"{text[:100]!r} is no recall; accepted is CLASS=SHARE, as 7=0.99")
    return share


def _labels(group: OptionGroup) -> tuple[str, ...]:
    return group.options[0].labels


def _invalid(message: str) -> InvalidField:
    return InvalidField(("query", "min_recall"), "recall", message)

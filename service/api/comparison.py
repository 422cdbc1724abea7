"""Every model against every other: which is better, by how much, and at what price."""

from fastapi import APIRouter, Request

from artifact.statistics.comparison import Contender, ModelComparison, compare_models
from service.api.parameters import NOT_READY
from service.state import service_of

router = APIRouter(tags=["comparison"], responses=NOT_READY)


# Not a coroutine: the pairs of many models are arithmetic that belongs in a thread.
@router.get("/comparison")
def get_comparison(request: Request) -> ModelComparison:
    """Compare the highest versions of all models, pair by pair, on the same test images.

    Each pair has the difference of the accuracies with Tango's 95% interval, the images that only
    one of the two names rightly, and McNemar's exact p. The fronts hold what no other model and
    runtime beats in accuracy and in size, or in accuracy and in latency.
    """
    models = service_of(request).loaded().latest()
    return compare_models(
        Contender(model.manifest, model.metrics, model.examples, model.benchmark)
        for model in models
    )

"""What is worth choosing where accuracy has a price."""

from collections.abc import Iterable

from pydantic import Field

from artifact.manifest import Part, RuntimeId, Share


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


def pareto_front(points: Iterable[FrontPoint]) -> tuple[FrontPoint, ...]:
    """Points that no other one beats, the cheapest first."""
    cheapest_first = sorted(points, key=lambda point: (point.cost, -point.accuracy))
    return tuple(
        point for point in cheapest_first if not any(other.beats(point) for other in cheapest_first)
    )

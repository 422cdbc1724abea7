"""Two classifiers on the same images: how much they differ, and whether that is more than noise.

Images that both name rightly, or both wrongly, say nothing of which is better. Throughout, `first`
and `second` are the numbers of images that only the first, or only the second, names rightly.
"""

from collections.abc import Callable, Sequence
from math import comb, sqrt
from typing import Annotated, Final

from pydantic import Field

from artifact.manifest import Part, Share
from artifact.statistics.proportions import Z

Count = Annotated[int, Field(ge=0)]
Signed = Annotated[float, Field(ge=-1, le=1)]

_HALVINGS: Final = 60  # of a range of width 1: as exact as a float can tell


class PairedDifference(Part):
    """How two classifiers differ on the same images."""

    images: int = Field(ge=1)
    both_right: Count
    only_first_right: Count
    only_second_right: Count
    both_wrong: Count
    difference: Signed = Field(description="Accuracy of the first minus that of the second.")
    interval: tuple[Signed, Signed] = Field(description="Tango's 95% interval of the difference.")
    p_value: Share = Field(
        description="McNemar's exact test, two-sided: chance of so uneven a division of the images "
        "that only one names rightly, were the two equally good."
    )

    @property
    def discordant(self) -> int:
        """Images that only one of the two names rightly."""
        return self.only_first_right + self.only_second_right


def paired_difference(images: int, first: int, second: int, both_wrong: int) -> PairedDifference:
    """Compare two classifiers by what they made of the same images."""
    return PairedDifference(
        images=images,
        both_right=images - first - second - both_wrong,
        only_first_right=first,
        only_second_right=second,
        both_wrong=both_wrong,
        difference=(first - second) / images,
        interval=tango_interval(images, first, second),
        p_value=mcnemar_exact(first, second),
    )


def mcnemar_exact(first: int, second: int) -> float:
    """Two-sided p of the exact conditional test: binomial over the discordant images, at one half.

    Source: McNemar (1947); exact as in Fagerland, Lydersen and Laake, "Recommended tests and
    confidence intervals for paired binomial proportions", Statistics in Medicine 33 (2014).
    """
    discordant = first + second
    tail = sum(comb(discordant, count) for count in range(min(first, second) + 1))
    return min(1.0, 2 * tail / (1 << discordant))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values of several tests so that the chance of any false alarm keeps its level.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def tango_interval(images: int, first: int, second: int) -> tuple[float, float]:
    """95% interval of the difference of two paired proportions, by inverting the score test.

    It keeps its coverage where almost no image is discordant, where Wald's has width 0.

    Source: Tango, "Equivalence test and confidence interval for the difference in proportions for
    the paired-sample design", Statistics in Medicine 17 (1998).
    """
    estimate = (first - second) / images

    def score(difference: float) -> float:
        return _score(difference, images, first, second)

    return (
        _crossing(lambda difference: score(difference) > Z, -1.0, estimate),
        _crossing(lambda difference: score(difference) >= -Z, estimate, 1.0),
    )


def _score(difference: float, images: int, first: int, second: int) -> float:
    """Tango's statistic: falls from above to below 0 as the supposed difference grows."""
    linear = (2 * images - first + second) * difference - first - second
    constant = -second * difference * (1 - difference)
    root = sqrt(max(linear**2 - 8 * images * constant, 0.0))
    only_second = (root - linear) / (4 * images)  # most likely share, were that the difference
    variance = images * (2 * only_second + difference * (1 - difference))
    distance = first - second - images * difference
    return distance / sqrt(variance) if variance > 0 else 0.0


def _crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds below ceases to, between two ends."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2

"""Intervals and sample sizes for shares of pictures."""

from math import ceil, sqrt
from typing import Final

Z: Final = 1.959963984540054  # the normal distribution's 97.5% quantile: 95% intervals
_Z_POWER: Final = 0.8416212335729143  # its 80% quantile: four tests of five find the difference


def wilson_interval(correct: int, total: int) -> tuple[float, float]:
    """95% interval of a share, which stays within 0..1 even where nothing was wrong.

    Source: Wilson (1927), as method 3 of Newcombe, "Two-sided confidence intervals for the single
    proportion", Statistics in Medicine 17 (1998).
    """
    if total == 0:
        return 0.0, 1.0
    share, weight = correct / total, Z**2 / total
    centre = share + weight / 2
    half = Z * sqrt(share * (1 - share) / total + weight / (4 * total))
    low, high = ((centre + sign * half) / (1 + weight) for sign in (-1, 1))
    return (0.0 if correct == 0 else low), (1.0 if correct == total else high)


def pictures_to_tell(images: int, first: int, second: int) -> int | None:
    """How many pictures McNemar's test needs, at 5% and a power of 80%, to tell two classifiers.

    It supposes that further pictures divide as the present ones do.

    Args:
        images: Pictures that both classifiers have named.
        first: Those that only the first names rightly.
        second: Those that only the second names rightly.

    Returns:
        The whole number of pictures; None where the two are equally right, so that none would do.

    Source: Connor, "Sample size for testing differences in proportions for the paired-sample
    design", Biometrics 43 (1987).
    """
    discordant, difference = (first + second) / images, (first - second) / images
    if difference == 0:
        return None
    spread = Z * sqrt(discordant) + _Z_POWER * sqrt(max(discordant - difference**2, 0.0))
    return ceil((spread / difference) ** 2)

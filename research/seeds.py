"""How far the seed alone moves a result."""

from collections.abc import Mapping

import numpy as np

from artifact.metrics import Seeds


def spread(
    test_accuracy: Mapping[int, float], validation_accuracy: Mapping[int, float] | None = None
) -> Seeds:
    """Mean and standard deviation over runs that differ in their seed alone.

    Args:
        test_accuracy: By seed, at least two.
        validation_accuracy: By seed, if it is known.

    Raises:
        ValueError: There are fewer: one result has no spread.
    """
    if len(test_accuracy) < 2:
        raise ValueError(f"{len(test_accuracy)} seeds have no spread: it takes at least two")
    values = np.array([*test_accuracy.values()])
    return Seeds(
        test_accuracy=dict(test_accuracy),
        validation_accuracy=validation_accuracy and dict(validation_accuracy),
        mean=values.mean(),
        standard_deviation=values.std(ddof=1),
    )

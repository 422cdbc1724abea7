"""The two parts of every kind of outlier, which have no source in common."""

from typing import Literal, TypeVar

import numpy as np

Part = Literal["fitting", "held-out"]
Choice = TypeVar("Choice")


def pick(rng: np.random.Generator, choices: dict[Part, tuple[Choice, ...]], part: Part) -> Choice:
    """Draw one of a part's choices, all alike likely."""
    own = choices[part]
    return own[int(rng.integers(len(own)))]

"""Why an arm is better or worse than its protocol's own, where it is so by more than noise.

The texts are in explanations.toml. Each is an explanation, not a measurement; the report gives it
only where the figures need one.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from artifact.study import Study

_Texts = dict[str, dict[str, dict[str, str]]]  # better or worse, study, arm


def explanations(study: Study) -> Iterator[tuple[str, str, str]]:
    """Better arm, worse arm and explanation, for arms that differ from the protocol's own.

    Where no arm is the protocol's own, for arms that differ from each other.
    """
    own = study.own.label if study.own else None
    for pair in study.pairs:
        if pair.more_than_noise and own in (None, pair.first, pair.second):
            text = explain(study.name, pair.first, pair.second, own)
            if text is not None:
                yield pair.first, pair.second, text


def explain(study: str, better: str, worse: str, own: str | None) -> str | None:
    """Why an arm is better than another; None where it is not known.

    Args:
        study: Its name.
        better: Label of the better arm.
        worse: Label of the worse one.
        own: Label of the protocol's own arm: the explanation is of the other one.
    """
    question = study.removesuffix("-ours")
    if question == "learning-rates":
        return _of_rates(float(better), float(worse))
    if question == "batch-sizes":
        return _of_batches(int(better), int(worse))
    of_better = _text("better", study, better)
    of_worse = _text("worse", study, worse)
    return of_worse or of_better if better == own else of_better or of_worse


def _text(side: str, study: str, arm: str) -> str | None:
    """The text of that study, else of its question in the seed report's protocol."""
    texts = _texts()[side]
    return texts.get(study, texts.get(study.removesuffix("-ours"), {})).get(arm)


@cache
def _texts() -> _Texts:
    return tomllib.loads(files(__package__).joinpath("explanations.toml").read_text("utf-8"))


def _of_rates(better: float, worse: float) -> str:
    if worse < better:
        return f"steps at {worse:g} are too small to get as far in the same epochs"
    return f"steps at {worse:g} are too large to settle where those at {better:g} do"


def _of_batches(better: int, worse: int) -> str:
    if worse < better:
        return f"the gradient of batches of {worse} is noisier"
    return (
        f"in the same epochs, batches of {worse} give {worse // better} times fewer steps, and "
        "none of them is larger"
    )

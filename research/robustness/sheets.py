"""From answers to a contact sheet: what deserves a look comes first."""

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from research.figures.contacts import Card, draw_contacts
from research.robustness.outcomes import Outcome, look
from research.robustness.scoring import worst_first
from vision.decode import Picture
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import View

MOST_CARDS = 100

_THUMBNAIL = 160  # longest side, in pixels
_CERTAIN = 0.9995  # from here on, rounding would write 100%


def draw_sheet(outcomes: Sequence[Outcome], wanted: Input, name: str) -> Figure:
    """Draw the wrong answers, then the right ones that are least certain, 100 in all.

    Args:
        outcomes: At least one.
        wanted: The input that the model's manifest describes.
        name: Of the model and of the pictures, for the title.
    """
    shown = choose(outcomes)
    wrong = sum(not outcome.right for outcome in outcomes)
    amount = "all" if len(shown) == len(outcomes) else f"the worst {len(shown)}, by source in turn"
    title = (
        f"{name}\n{wrong:,} of {len(outcomes):,} wrong, framed; shown: {amount}\n"
        "left: as sent, and where the digit was found; right: as the network saw it"
    )
    return draw_contacts([_card(outcome, wanted) for outcome in shown], title)


def choose(outcomes: Sequence[Outcome], most: int = MOST_CARDS) -> list[Outcome]:
    """Order by what deserves a look; of too many, take the worst of every source in turn."""
    ordered = worst_first(outcomes)
    if len(ordered) <= most:
        return ordered
    seen: Counter[str] = Counter()
    turns = []
    for outcome in ordered:
        turns.append((outcome.right, seen[outcome.sample.source]))
        seen[outcome.sample.source] += 1
    first = sorted(range(len(ordered)), key=turns.__getitem__)[:most]
    return [ordered[place] for place in first]


def _card(outcome: Outcome, wanted: Input) -> Card:
    picture, seen = _looked(outcome, wanted)
    return Card(
        original=_thumbnail(picture.pixels) if picture else None,
        seen=seen.pixels if seen else None,
        box=_share(seen.box, picture) if seen and seen.box and picture else None,
        right=outcome.right,
        answer=_answer(outcome),
        name=outcome.sample.name,
        remark=_remark(outcome),
    )


def _looked(outcome: Outcome, wanted: Input) -> tuple[Picture | None, View | None]:
    """Decode once more: to keep every picture in memory would cost more."""
    try:
        return look(outcome.sample, wanted)
    except (ImageError, OSError):
        return None, None


def _thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    factor = _THUMBNAIL / max(height, width)
    if factor >= 1:
        return pixels
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _share(box: tuple[int, int, int, int], picture: Picture) -> tuple[float, float, float, float]:
    """A box in the original's pixels, as shares of its sides."""
    left, top, right, bottom = box
    return (
        left / picture.width,
        top / picture.height,
        right / picture.width,
        bottom / picture.height,
    )


def _answer(outcome: Outcome) -> str:
    sample, prediction = outcome.sample, outcome.prediction
    if prediction is None:
        return f"true {sample.label}, refused"
    certain = prediction.probability >= _CERTAIN
    probability = ">99.9%" if certain else f"{prediction.probability:.1%}"
    if outcome.right:
        return f"{sample.label}  {probability}"
    return f"true {sample.label}, said {prediction.label}  {probability}"


def _remark(outcome: Outcome) -> str:
    if outcome.prediction is None:
        return outcome.refusal or ""
    if outcome.prediction.reason:
        return f"not accepted: {outcome.prediction.reason}"
    return outcome.sample.source

"""Pictures that are no digits, and what the service would make of them.

Every kind comes in two parts that have no source in common: other fonts and letters, other shapes,
other ways of scribbling, other statistics. What is learnt or chosen rests on the one part, what is
reported on the other.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from training.data import NO_CLASS, Images
from training.outliers.canvas import Pixels
from training.outliers.handwriting import draw_handwritten
from training.outliers.letters import FONTS, draw_glyph, draw_letter
from training.outliers.noise import draw_noise
from training.outliers.photographs import draw_photograph
from training.outliers.scribbles import draw_scribble
from training.outliers.shapes import draw_shape
from training.outliers.sources import Part, pick
from training.outliers.textures import draw_texture
from vision.decode import Picture
from vision.input import Input
from vision.preprocess import View, view

__all__ = ["KINDS", "Part", "pictures", "printed", "reaching", "to_learn", "views", "written"]

KINDS: dict[str, Callable[[np.random.Generator, Part], Pixels]] = {
    "letters": draw_letter,
    "shapes": draw_shape,
    "scribbles": draw_scribble,
    "noise": draw_noise,
    "textures": draw_texture,
    "photographs": draw_photograph,
}


def pictures(kind: str, part: Part, count: int, seed: int) -> Iterator[Picture]:
    """Draw pictures of one kind, in the sizes and colours in which people send them.

    Args:
        kind: A key of KINDS.
        part: Which of the kind's two sources.
        count: How many.
        seed: Of every draw; the parts' draws differ for the same seed.
    """
    key = (seed, list(KINDS).index(kind), part == "held-out")
    rng = np.random.default_rng(key)
    for _ in range(count):
        pixels = KINDS[kind](rng, part)
        height, width = pixels.shape[:2]
        yield Picture(pixels, width, height)


def views(kind: str, part: Part, count: int, seed: int, wanted: Input) -> list[View]:
    """Draw pictures of one kind, and preprocess them as the service would."""
    return [view(picture, wanted) for picture in pictures(kind, part, count, seed)]


def reaching(part: Part, count: int, seed: int, wanted: Input) -> dict[str, Tensor]:
    """What a network would be shown of every kind: uint8 [M, C, H, W].

    M is less than the count by what the preprocessing declines already. There are no kinds for an
    input that is not of digits: any picture may be one of its classes.
    """
    if wanted.preprocess != "digit":
        return {}
    return {kind: _pixels(views(kind, part, count, seed, wanted)) for kind in KINDS}


def printed(part: Part, count: int, seed: int, wanted: Input) -> Images:
    """Digits in the fonts of the letters: they must not be declined for their font."""
    rng = np.random.default_rng((seed, len(KINDS), part == "held-out"))
    labels = torch.arange(count) % 10
    return _labelled([_printed(rng, digit, part, wanted) for digit in labels.tolist()], labels)


def written(images: Images, count: int, seed: int, wanted: Input) -> Images:
    """Digits of the training images, drawn anew as other people write them."""
    rng = np.random.default_rng((seed, len(KINDS) + 1))
    chosen = images[torch.from_numpy(rng.integers(len(images), size=count))]
    digits = zip(chosen.pixels[:, 0].numpy(), chosen.labels.tolist(), strict=True)
    drawn = (draw_handwritten(rng, digit, label) for digit, label in digits)
    return _labelled([_seen(pixels, wanted) for pixels in drawn], chosen.labels)


def to_learn(kinds: Mapping[str, Tensor], *digits: Images) -> Images:
    """Put outliers of every kind and labelled digits together."""
    outliers = torch.cat(list(kinds.values()))
    none = torch.full((len(outliers),), NO_CLASS)
    pixels, labels = [each.pixels for each in digits], [each.labels for each in digits]
    return Images(torch.cat((outliers, *pixels)), torch.cat((none, *labels)))


def _printed(rng: np.random.Generator, digit: int, part: Part, wanted: Input) -> View:
    return _seen(draw_glyph(rng, str(digit), pick(rng, FONTS, part)), wanted)


def _seen(pixels: Pixels, wanted: Input) -> View:
    return view(Picture(pixels, *pixels.shape[1::-1]), wanted)


def _labelled(seen: list[View], labels: Tensor) -> Images:
    is_kept = torch.tensor([shown.reason is None for shown in seen])
    return Images(_pixels(seen), labels[is_kept])


def _pixels(seen: list[View]) -> Tensor:
    kept = [torch.from_numpy(shown.pixels) for shown in seen if shown.reason is None]
    return torch.stack(kept)[:, None]

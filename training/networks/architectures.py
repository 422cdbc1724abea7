"""The architectures as values, and the networks that they describe.

`mobilenet`, `conv` and their mixes share all but the kind of their blocks, so that a comparison of
two of them compares the blocks and nothing else. `mobilenet-tiny` goes its own way: narrow, deep,
and on smaller maps from the first convolution on.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from training.networks.blocks import (
    Activation,
    Downsampling,
    MobileBlock,
    Pooling,
    Residual,
    WeightedPooling,
    convolution,
)

BlockKind = Literal["conv", "mobile"]


@dataclass(frozen=True)
class Architecture:
    """What a network is made of, apart from its input and its classes.

    Attributes:
        activation: After every normalisation: hardswish, of Howard et al., Searching for
            MobileNetV3 (arXiv:1905.02244), section 5.2, also lets a little of what is negative
            through.
        downsampling: How a MobileNet block shrinks its maps; a standard one has its stride.
    """

    blocks: tuple[BlockKind, ...]  # kind of each block, from input to output
    stem: int = 16  # output channels of the standard convolution before the blocks
    stem_kernel: int = 3  # side of that convolution's filters
    stem_stride: int = 1  # of that convolution
    widths: tuple[int, ...] = (32, 48, 96, 128)  # output channels of each block
    strides: tuple[int, ...] = (2, 1, 2, 1)  # stride of each block
    residual: bool = False  # whether a block that leaves the shape as it is adds to its input
    activation: Activation = "relu"
    downsampling: Downsampling = "stride"
    pooling: Pooling = "average"  # what becomes of the last block's maps

    def __post_init__(self) -> None:
        if not len(self.blocks) == len(self.widths) == len(self.strides):
            raise ValueError(
                f"{len(self.blocks)} blocks need as many widths and strides, "
                f"not {len(self.widths)} and {len(self.strides)}"
            )


MOBILENET = Architecture(("mobile",) * 4)
ARCHITECTURES: dict[str, Architecture] = {
    "mobilenet": MOBILENET,
    "mobilenet-tiny": Architecture(
        ("mobile",) * 5,
        stem_kernel=5,
        stem_stride=2,
        widths=(24, 24, 40, 40, 40),
        strides=(1, 1, 2, 1, 1),
        residual=True,
    ),
    "conv": replace(MOBILENET, blocks=("conv",) * 4),
    "conv1-mobile3": replace(MOBILENET, blocks=("conv", "mobile", "mobile", "mobile")),
    "conv3-mobile1": replace(MOBILENET, blocks=("conv", "conv", "conv", "mobile")),
}

_RUN = re.compile(r"(conv|mobile)([1-9])")
_MIX = re.compile(rf"{_RUN.pattern}(-{_RUN.pattern})*")


def architecture(name: str) -> Architecture:
    """The architecture of that name.

    Args:
        name: A key of ARCHITECTURES, or a mix of four blocks written as runs: `conv2-mobile2`.

    Raises:
        ValueError: No such architecture; the message says what is accepted.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    blocks = _blocks(name)
    if len(blocks) != len(MOBILENET.blocks):
        raise ValueError(
            f"unknown architecture {name!r}: accepted are {', '.join(ARCHITECTURES)}, or any mix "
            f"of {len(MOBILENET.blocks)} blocks such as conv2-mobile2 or mobile1-conv3"
        )
    return replace(MOBILENET, blocks=blocks)


def _blocks(mix: str) -> tuple[BlockKind, ...]:
    if not _MIX.fullmatch(mix):
        return ()
    runs: list[tuple[BlockKind, str]] = _RUN.findall(mix)
    return tuple(kind for kind, length in runs for _ in range(int(length)))


class Network(nn.Module):
    """Stem, blocks, pooling and one linear layer."""

    def __init__(
        self, architecture: Architecture, shape: tuple[int, int, int], classes: int
    ) -> None:
        super().__init__()
        self.stem = convolution(
            shape[0],
            architecture.stem,
            architecture.activation,
            kernel=architecture.stem_kernel,
            stride=architecture.stem_stride,
        )
        self.blocks = nn.Sequential(*_blocks_of(architecture))
        self.pool = (
            nn.AdaptiveAvgPool2d(1)
            if architecture.pooling == "average"
            else WeightedPooling(*_maps_of(nn.Sequential(self.stem, self.blocks), shape))
        )
        self.head = nn.Linear(architecture.widths[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes] of normalised images [N, channels, height, width], float32."""
        logits: Tensor = self.head(self.pool(self.blocks(self.stem(images))).flatten(1))
        return logits


def _blocks_of(architecture: Architecture) -> Iterator[nn.Module]:
    inputs = architecture.stem
    steps = zip(architecture.blocks, architecture.widths, architecture.strides, strict=True)
    for kind, outputs, stride in steps:
        block = _block(kind, inputs, outputs, stride, architecture)
        keeps_shape = inputs == outputs and stride == 1
        yield Residual(block) if architecture.residual and keeps_shape else block
        inputs = outputs


def _block(
    kind: BlockKind, inputs: int, outputs: int, stride: int, architecture: Architecture
) -> nn.Module:
    if kind == "conv":
        return convolution(inputs, outputs, architecture.activation, stride=stride)
    return MobileBlock(inputs, outputs, stride, architecture.activation, architecture.downsampling)


def _maps_of(network: nn.Module, shape: tuple[int, int, int]) -> torch.Size:
    """Channels, height and width of what it makes of one image."""
    maps: Tensor = _shapes_alone(network)(torch.empty(1, *shape, device="meta"))
    return maps.shape[1:]


def _shapes_alone(network: nn.Module) -> nn.Module:
    """A copy that computes nothing of an image but the shapes of its maps."""
    return copy.deepcopy(network).to("meta").eval()


def build(
    architecture: Architecture, shape: tuple[int, int, int], classes: int, seed: int
) -> Network:
    """A network with weights drawn from the seed; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(architecture, shape, classes)


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


def count_macs(network: nn.Module, shape: tuple[int, int, int]) -> int:
    """Multiply-accumulate operations of the convolutions and linear layers for one image.

    Args:
        network: Left as it was.
        shape: Channels, height and width of the image.
    """
    macs, shapes_alone = 0, _shapes_alone(network)

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal macs
        weight = layer.get_parameter("weight")
        macs += output.numel() * weight[0].numel()

    for layer in shapes_alone.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(add)
    shapes_alone(torch.empty(1, *shape, device="meta"))
    return macs

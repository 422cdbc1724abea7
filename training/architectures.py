"""The two kinds of block, and the architectures as values.

All architectures share stem, widths and strides, so that a comparison of two of them compares
the blocks and nothing else.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

BlockKind = Literal["conv", "mobile"]


def convolution(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    """Standard 3x3 convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class ConvBlock(nn.Sequential):
    """A standard convolution: every output channel sees every input channel's 3x3 surroundings.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        stride: Of the 3x3 convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(*convolution(inputs, outputs, stride=stride))


class MobileBlock(nn.Sequential):
    """A depthwise separable convolution: first space, one filter a channel, then channels.

    Howard et al., MobileNets (arXiv:1704.04861), section 3.1.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        stride: Of the depthwise convolution.
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__(
            OrderedDict(
                depthwise=nn.Conv2d(
                    inputs, inputs, 3, stride, padding=1, groups=inputs, bias=False
                ),
                depthwise_norm=nn.BatchNorm2d(inputs),
                depthwise_relu=nn.ReLU(inplace=True),
                pointwise=nn.Conv2d(inputs, outputs, 1, bias=False),
                pointwise_norm=nn.BatchNorm2d(outputs),
                pointwise_relu=nn.ReLU(inplace=True),
            )
        )


BLOCKS: dict[BlockKind, Callable[[int, int, int], nn.Module]] = {
    "conv": ConvBlock,
    "mobile": MobileBlock,
}


@dataclass(frozen=True)
class Architecture:
    """What a network is made of, apart from its input and its classes.

    Attributes:
        blocks: Kind of each block, from input to output.
        stem: Output channels of the standard convolution before the blocks.
        widths: Output channels of each block.
        strides: Stride of each block.
    """

    blocks: tuple[BlockKind, ...]
    stem: int = 16
    widths: tuple[int, ...] = (32, 48, 96, 128)
    strides: tuple[int, ...] = (2, 1, 2, 1)

    def __post_init__(self) -> None:
        if not len(self.blocks) == len(self.widths) == len(self.strides):
            raise ValueError(
                f"{len(self.blocks)} blocks need as many widths and strides, "
                f"not {len(self.widths)} and {len(self.strides)}"
            )


MOBILENET = Architecture(("mobile",) * 4)
ARCHITECTURES: dict[str, Architecture] = {
    "mobilenet": MOBILENET,
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
    runs: list[tuple[Any, str]] = _RUN.findall(mix)
    return tuple(kind for kind, length in runs for _ in range(int(length)))


class Network(nn.Module):
    """Stem, blocks, global average pooling and one linear layer.

    Args:
        architecture: The stem and the blocks.
        channels: Of the input: 1 for grey, 3 for colour.
        classes: Number of logits.
    """

    def __init__(self, architecture: Architecture, channels: int, classes: int) -> None:
        super().__init__()
        inputs = (architecture.stem, *architecture.widths)
        shapes = zip(inputs, architecture.widths, architecture.strides, strict=False)
        self.stem = convolution(channels, architecture.stem)
        self.blocks = nn.Sequential(
            *(BLOCKS[kind](*shape) for kind, shape in zip(architecture.blocks, shapes, strict=True))
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(architecture.widths[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, classes] of normalised images [N, channels, height, width], float32."""
        logits: Tensor = self.head(self.pool(self.blocks(self.stem(images))).flatten(1))
        return logits


def build(architecture: Architecture, channels: int, classes: int, seed: int) -> Network:
    """A network with weights drawn from the seed; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(architecture, channels, classes)


def count_parameters(network: nn.Module) -> int:
    """Trainable parameters."""
    return sum(weight.numel() for weight in network.parameters() if weight.requires_grad)


def count_macs(network: nn.Module, shape: tuple[int, int, int]) -> int:
    """Multiply-accumulate operations of the convolutions and linear layers for one image.

    Args:
        network: Left in the mode and on the device it was in.
        shape: Channels, height and width of the image.
    """
    macs = 0

    def add(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal macs
        weight = layer.get_parameter("weight")
        macs += output.numel() * weight[0].numel()

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    training, device = network.training, next(network.parameters()).device
    with torch.inference_mode():
        network.eval()(torch.zeros(1, *shape, device=device))
    network.train(training)
    for hook in hooks:
        hook.remove()
    return macs

"""What networks are put together from: the two kinds of block, and what surrounds them."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import Tensor, nn

Activation = Literal["relu", "hardswish"]
Downsampling = Literal["stride", "average"]
Pooling = Literal["average", "weighted"]

_LARGEST_MAP = 7  # of MNIST after four blocks; larger ones are averaged down to about as much

ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": partial(nn.ReLU, inplace=True),
    "hardswish": partial(nn.Hardswish, inplace=True),
}


def convolution(
    inputs: int, outputs: int, activation: Activation, *, kernel: int = 3, stride: int = 1
) -> nn.Sequential:
    """Standard convolution with an odd kernel, batch normalisation, activation: a block, or a stem.

    Every output channel sees the surroundings of every input channel.
    """
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        ACTIVATIONS[activation](),
    )


class MobileBlock(nn.Sequential):
    """A depthwise separable convolution: first space, one filter a channel, then channels.

    Howard et al., MobileNets (arXiv:1704.04861), section 3.1.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        stride: By which the maps shrink.
        activation: After each of the two normalisations.
        downsampling: How they shrink: by the depthwise convolution's stride, or by an average of
            what it finds at every place. One filter a channel that looks at every other place
            finds one thing or another as the picture lies a pixel further; the average forgets
            less: Zhang, Making convolutional networks shift-invariant again (arXiv:1904.11486).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        stride: int,
        activation: Activation,
        downsampling: Downsampling = "stride",
    ) -> None:
        averages = downsampling == "average" and stride > 1
        step = 1 if averages else stride
        layers = OrderedDict[str, nn.Module](
            depthwise=nn.Conv2d(inputs, inputs, 3, step, padding=1, groups=inputs, bias=False),
            depthwise_norm=nn.BatchNorm2d(inputs),
            depthwise_activation=ACTIVATIONS[activation](),
        )
        if averages:
            # Rounds down: for a pool that may round up, ONNX Runtime leaves its blocked layout.
            layers["downsampling"] = nn.AvgPool2d(stride)
        layers["pointwise"] = nn.Conv2d(inputs, outputs, 1, bias=False)
        layers["pointwise_norm"] = nn.BatchNorm2d(outputs)
        layers["pointwise_activation"] = ACTIVATIONS[activation]()
        super().__init__(layers)


class Residual(nn.Module):
    """A block that adds to its input, so that a deep network learns as readily as a shallow one.

    He et al., Deep residual learning (arXiv:1512.03385), section 3.1.
    """

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, maps: Tensor) -> Tensor:
        """The maps [N, C, H, W] and what the block makes of them."""
        added: Tensor = maps + self.block(maps)
        return added


class WeightedPooling(nn.Sequential):
    """One value a channel: the sum of its map, each place with a weight of its own.

    Where the digit is centred, where something lies tells as much as that it is there; an average
    forgets it. It learns sooner than an average; whether it does better in the end is not shown:
    docs/REPORT.md. Chen et al., MobileFaceNets
    (arXiv:1804.07573), section 3.2: a depthwise convolution as large as the map.
    """

    def __init__(self, channels: int, height: int, width: int) -> None:
        shrink = (max(1, height // _LARGEST_MAP), max(1, width // _LARGEST_MAP))
        kernel = (height // shrink[0], width // shrink[1])
        super().__init__(
            OrderedDict(
                shrink=nn.AvgPool2d(shrink) if max(shrink) > 1 else nn.Identity(),
                weigh=nn.Conv2d(channels, channels, kernel, groups=channels, bias=False),
                norm=nn.BatchNorm2d(channels),
            )
        )

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from training.networks.architectures import (
    ARCHITECTURES,
    MOBILENET,
    Architecture,
    Network,
    architecture,
    build,
    count_macs,
    count_parameters,
)
from training.networks.blocks import Activation, Downsampling, Pooling, Residual

MNIST = (1, 28, 28)
WEIGHTED = replace(MOBILENET, pooling="weighted")


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        ("mobilenet", 23_130, 1_491_664),
        ("mobilenet-tiny", 7_882, 587_224),
        ("conv", 172_570, 11_177_984),
        ("conv1-mobile3", 27_050, 2_266_256),
        ("conv3-mobile1", 75_322, 6_403_424),
    ],
)
def test_size_is_as_published(name: str, parameters: int, macs: int) -> None:
    network = build(architecture(name), shape=(1, 28, 28), classes=10, seed=0)
    assert (count_parameters(network), count_macs(network, MNIST)) == (parameters, macs)


def test_architectures_differ_in_their_blocks_alone() -> None:
    alike = [each for name, each in ARCHITECTURES.items() if name != "mobilenet-tiny"]
    assert len({replace(each, blocks=MOBILENET.blocks) for each in alike}) == 1
    assert len({each.blocks for each in alike}) == len(alike)


def test_residual_blocks_are_those_that_leave_the_shape_as_it_is() -> None:
    tiny = build(architecture("mobilenet-tiny"), MNIST, 10, seed=0)
    residual = [place for place, block in enumerate(tiny.blocks) if isinstance(block, Residual)]
    assert residual == [1, 3, 4]


def test_residual_block_adds_to_its_input() -> None:
    block = Residual(nn.Conv2d(2, 2, 1))
    maps = torch.rand(3, 2, 5, 5)
    assert torch.equal(block(maps), maps + block.block(maps))


@pytest.mark.parametrize(
    ("activation", "layer", "other"),
    [("relu", nn.ReLU, nn.Hardswish), ("hardswish", nn.Hardswish, nn.ReLU)],
)
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_one_activation_follows_every_normalisation(
    name: str, activation: Activation, layer: type[nn.Module], other: type[nn.Module]
) -> None:
    layers = [*Network(replace(architecture(name), activation=activation), MNIST, 10).modules()]
    after = [b for a, b in pairwise(layers) if isinstance(a, nn.BatchNorm2d)]
    assert all(isinstance(each, layer) for each in after)
    assert not any(isinstance(each, other) for each in layers)


@pytest.mark.parametrize(
    ("shape", "parameters_each"),
    [((1, 28, 28), 7 * 7), ((1, 8, 8), 2 * 2), ((3, 64, 32), 8 * 8), ((1, 512, 512), 7 * 7)],
)
def test_pooling_weighs_a_bounded_number_of_places(
    shape: tuple[int, int, int], parameters_each: int
) -> None:
    pool = Network(WEIGHTED, shape, 10).pool
    assert count_parameters(pool) == MOBILENET.widths[-1] * (parameters_each + 2)


def test_average_has_nothing_to_learn() -> None:
    assert count_parameters(Network(MOBILENET, MNIST, 10).pool) == 0


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("conv2-mobile2", ("conv", "conv", "mobile", "mobile")),
        ("mobile1-conv3", ("mobile", "conv", "conv", "conv")),
        ("conv1-mobile1-conv2", ("conv", "mobile", "conv", "conv")),
        ("mobile4", ("mobile",) * 4),
    ],
)
def test_mix_is_read_as_runs_of_blocks(name: str, blocks: tuple[str, ...]) -> None:
    assert architecture(name).blocks == blocks


@pytest.mark.parametrize(
    "name",
    ["", "resnet", "conv2", "conv2-mobile3", "conv0-mobile4", "conv-mobile3", "conv2mobile2"],
)
def test_unknown_name_is_refused_with_what_is_accepted(name: str) -> None:
    with pytest.raises(ValueError, match=r"accepted are mobilenet, .* such as conv2-mobile2"):
        architecture(name)


def test_widths_and_blocks_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="2 blocks need as many widths and strides, not 4 and 4"):
        Architecture(("conv", "conv"))


@pytest.mark.parametrize("downsampling", ["stride", "average"])
@pytest.mark.parametrize("pooling", ["average", "weighted"])
@pytest.mark.parametrize("name", [*ARCHITECTURES, "conv2-mobile2"])
@pytest.mark.parametrize(
    ("shape", "classes"),
    [((1, 28, 28), 10), ((1, 8, 8), 10), ((3, 32, 40), 7), ((1, 33, 21), 10)],
    ids=["mnist", "digits", "colour", "odd"],
)
def test_logits_have_one_row_a_picture(
    name: str,
    pooling: Pooling,
    downsampling: Downsampling,
    shape: tuple[int, int, int],
    classes: int,
) -> None:
    network = replace(architecture(name), pooling=pooling, downsampling=downsampling)
    with torch.inference_mode():
        logits = build(network, shape, classes, seed=0).eval()(torch.zeros(3, *shape))
    assert logits.shape == (3, classes)


def test_mobile_block_is_depthwise_then_pointwise() -> None:
    block = build(architecture("mobilenet"), (1, 28, 28), 10, seed=0).blocks[0]
    depthwise, pointwise = (part for part in block.modules() if isinstance(part, nn.Conv2d))
    assert (depthwise.kernel_size, depthwise.groups) == ((3, 3), depthwise.in_channels)
    assert (pointwise.kernel_size, pointwise.groups) == ((1, 1), 1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_average_leaves_the_maps_as_large_as_a_stride_and_adds_no_weight(name: str) -> None:
    strided = architecture(name)
    averaged = replace(strided, downsampling="average")
    first, second = (Network(each, MNIST, 10).eval() for each in (strided, averaged))
    images = torch.rand(2, *MNIST)
    with torch.inference_mode():
        assert first.blocks(first.stem(images)).shape == second.blocks(second.stem(images)).shape
    assert count_parameters(first) == count_parameters(second)


def test_average_stands_between_the_depthwise_and_the_pointwise_convolution() -> None:
    averaged = replace(MOBILENET, downsampling="average")
    shrinking, keeping = (Network(averaged, MNIST, 10).blocks[number] for number in (0, 1))
    kinds = [type(layer) for layer in shrinking.children()]
    assert kinds.index(nn.AvgPool2d) == len(kinds) // 2
    assert not any(isinstance(layer, nn.AvgPool2d) for layer in keeping.children())


def test_stem_is_a_standard_convolution() -> None:
    stem = Network(architecture("mobilenet"), (3, 28, 28), 10).stem[0]
    assert isinstance(stem, nn.Conv2d)
    assert (stem.groups, stem.kernel_size, stem.out_channels) == (1, (3, 3), 16)


def test_weights_follow_the_seed_and_nothing_else() -> None:
    first, again, other = (build(architecture("conv"), MNIST, 10, seed) for seed in (1, 1, 2))
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)


def test_building_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    build(architecture("conv"), MNIST, 10, seed=1)
    assert torch.equal(before, torch.get_rng_state())


def test_macs_of_a_known_network() -> None:
    network = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Flatten(), nn.Linear(4 * 5 * 5, 7))
    convolution, linear = 5 * 5 * 4 * (2 * 3 * 3), 4 * 5 * 5 * 7
    assert count_macs(network, (2, 5, 5)) == convolution + linear


def test_counting_leaves_the_network_as_it_was() -> None:
    network = build(architecture("mobilenet"), (1, 28, 28), 10, seed=0).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    count_macs(network, MNIST)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())

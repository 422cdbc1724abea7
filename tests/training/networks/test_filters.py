from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import nn

from artifact.metrics import FilterLayer
from tests.figures import decode
from training.figures.canvas import png
from training.figures.filters import draw_filters
from training.networks.architectures import ARCHITECTURES, build
from training.networks.filters import describe_filters


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("conv", ["standard"] * 5),
        ("mobilenet", ["standard"] + ["depthwise", "pointwise"] * 4),
        ("conv3-mobile1", ["standard"] * 4 + ["depthwise", "pointwise"]),
    ],
)
def test_kinds_follow_the_blocks(name: str, kinds: list[str]) -> None:
    network = build(ARCHITECTURES[name], shape=(1, 28, 28), classes=10, seed=0)
    layers = describe_filters(network).layers
    assert [layer.kind for layer in layers] == kinds
    figures = ["filters_first", *[None] * (len(kinds) - 2), "filters_last"]
    assert [layer.figure for layer in layers] == figures


def test_weighted_pooling_is_the_last_layer() -> None:
    weighted = replace(ARCHITECTURES["mobilenet"], pooling="weighted")
    *_, last = describe_filters(build(weighted, (1, 28, 28), 10, seed=0)).layers
    assert (last.kind, last.shape) == ("depthwise", (128, 1, 7, 7))
    assert last.figure == "filters_last"


def test_names_and_shapes_are_the_modules() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, (3, 5), groups=8))
    assert describe_filters(network).layers == (
        FilterLayer(name="0", kind="standard", shape=(8, 3, 3, 3), figure="filters_first"),
        FilterLayer(name="2", kind="depthwise", shape=(8, 1, 3, 5), figure="filters_last"),
    )


def test_single_layer_is_the_first() -> None:
    (layer,) = describe_filters(nn.Sequential(nn.Conv2d(1, 4, 1))).layers
    assert (layer.kind, layer.figure) == ("pointwise", "filters_first")


def test_groups_that_are_no_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="2 groups over 8 channels"):
        describe_filters(nn.Conv2d(8, 8, 3, groups=2))


def weight_of(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_pointwise_layer_is_a_heat_map_of_inputs_down_and_outputs_across() -> None:
    weight = weight_of(12, 5, 1, 1)
    axes = draw_filters(weight, "pointwise", "title").axes[0]
    (image,) = axes.images
    assert np.array_equal(np.asarray(image.get_array()), weight[:, :, 0, 0].T)
    assert image.get_clim() == (-abs(weight).max(), abs(weight).max())
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("output channel", "input channel")


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("standard", (16, 1, 3, 3)),
        ("standard", (8, 3, 3, 3)),
        ("depthwise", (96, 1, 3, 3)),
        ("standard", (1, 1, 5, 5)),
    ],
    ids=["grey-stem", "colour-stem", "depthwise", "single"],
)
def test_few_kernels_are_all_drawn_on_one_symmetric_scale(
    kind: str, shape: tuple[int, int, int, int]
) -> None:
    weight = weight_of(*shape)
    images = draw_filters(weight, kind, "title").axes[0].images  # type: ignore[arg-type]  # a table of literals
    assert len(images) == shape[0] * shape[1]
    assert np.array_equal(np.asarray(images[-1].get_array()), weight[-1, -1])
    assert {image.get_clim() for image in images} == {(-abs(weight).max(), abs(weight).max())}


def test_wide_layer_shows_all_norms_and_the_strongest_kernels() -> None:
    weight = weight_of(20, 10, 3, 3)
    weight[7, 4] = 9
    norms, strongest = draw_filters(weight, "standard", "title").axes[:2]
    heat = np.asarray(norms.images[0].get_array())
    assert heat.shape == (10, 20)
    assert heat[4, 7] == heat.max() == pytest.approx(27)
    assert len(strongest.images) == 64
    assert (np.asarray(strongest.images[0].get_array()) == 9).all()


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("pointwise", (4, 4, 1, 1)),
        ("pointwise", (4, 400, 1, 1)),
        ("depthwise", (4, 1, 3, 3)),
        ("standard", (16, 16, 3, 3)),
    ],
    ids=["pointwise", "tall", "depthwise", "standard"],
)
def test_weights_of_zero_can_be_drawn(kind: str, shape: tuple[int, int, int, int]) -> None:
    figure = draw_filters(np.zeros(shape, np.float32), kind, "title")  # type: ignore[arg-type]  # a table of literals
    assert decode(png(figure)).width == 1500


def test_zero_is_in_the_middle_of_the_scale_even_where_all_is_zero() -> None:
    figure = draw_filters(np.zeros((4, 1, 3, 3), np.float32), "depthwise", "title")
    assert figure.axes[0].images[0].norm(np.zeros(1)) == 0.5

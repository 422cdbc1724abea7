"""A class map is exact: its places and its bias sum to the logit that the service answers with."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

from artifact.errors import BrokenArtifact
from artifact.inspection.inspection import Inspection
from artifact.repository import Repository
from artifact.runtimes.base import Batch
from artifact.runtimes.table import open_runtime
from tests.known_answer import SIDE, onnx_model
from vision.preprocess import View, tensor

ROOT = Path(__file__).parents[3]
MNIST = ROOT.parent / "shared/data/MNIST/raw/t10k-images-idx3-ubyte"
MODELS = ("conv", "conv1-mobile3", "conv3-mobile1", "mobilenet", "mobilenet-tiny")
PICTURES = 1000
TOLERANCE = 1e-4
Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def repository() -> Repository:
    return Repository.scan(ROOT / "models")


@pytest.fixture(scope="module")
def digits() -> Pixels:
    """Handwritten 8x8 digits that come with scikit-learn, enlarged to [N, 28, 28]."""
    small = load_digits().images[:PICTURES] * (255 / 16)
    return np.stack([cv2.resize(each, (28, 28)).astype(np.uint8) for each in small])


def largest_difference(repository: Repository, model: str, pixels: Pixels) -> float:
    artifact = repository.get(model)
    batch = tensor([View(each) for each in pixels], artifact.manifest.input)
    served = artifact.open("onnx").run(batch)
    inspection = Inspection(artifact.read("onnx"), artifact.manifest.input.shape)
    assert not isinstance(inspection.head, str)
    maps = inspection.last_maps(batch)
    sums = [
        [inspection.head.class_map(each, label).total for label in range(served.shape[1])]
        for each in maps
    ]
    return float(np.abs(np.array(sums) - served).max())


@pytest.mark.parametrize("model", MODELS)
def test_map_and_bias_sum_to_the_logit_of_every_class(
    repository: Repository, digits: Pixels, model: str
) -> None:
    assert len(digits) == PICTURES
    assert largest_difference(repository, model, digits) < TOLERANCE


@pytest.mark.skipif(not MNIST.exists(), reason="MNIST's test pictures are not here")
@pytest.mark.parametrize("model", MODELS)
def test_map_and_bias_sum_to_the_logit_on_mnist(repository: Repository, model: str) -> None:
    pixels = np.fromfile(MNIST, np.uint8, offset=16)
    test = pixels.reshape(-1, 28, 28)[:PICTURES]
    assert largest_difference(repository, model, test) < TOLERANCE


def network(*nodes: onnx.NodeProto, **weights: Floats) -> bytes:
    """A network of 2 input channels, 6x6, with 3 classes."""
    graph = helper.make_graph(
        nodes,
        "head",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 2, 6, 6])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


def numbers(*shape: int) -> Floats:
    return np.random.default_rng(len(shape)).standard_normal(shape, np.float32)


def pictures(count: int) -> Batch:
    return numbers(count, 2, 6, 6)


make = helper.make_node
FLATTEN = make("Flatten", ["pooled"], ["flat"])
LINEAR = make("Gemm", ["flat", "weight", "bias"], ["logits"], transB=1)
LINEAR_WEIGHTS = {"weight": numbers(3, 2), "bias": numbers(3)}


@pytest.mark.parametrize(
    "model",
    [
        network(
            make("GlobalAveragePool", ["input"], ["pooled"]), FLATTEN, LINEAR, **LINEAR_WEIGHTS
        ),
        network(
            make("ReduceMean", ["input"], ["flat"], axes=[-1, -2], keepdims=0),
            make("Gemm", ["flat", "weight"], ["logits"]),
            weight=numbers(2, 3),
        ),
        network(
            make("Conv", ["input", "places", "shift"], ["pooled"], group=2),
            FLATTEN,
            LINEAR,
            places=numbers(2, 1, 6, 6),
            shift=numbers(2),
            **LINEAR_WEIGHTS,
        ),
        network(
            make("Relu", ["input"], ["pooled"]),
            FLATTEN,
            LINEAR,
            weight=numbers(3, 72),
            bias=numbers(3),
        ),
        network(
            make("GlobalAveragePool", ["input"], ["pooled"]),
            make("Flatten", ["pooled"], ["around"]),
            make("Sub", ["around", "half"], ["flat"]),
            LINEAR,
            half=np.array(0.5, np.float32),
            **LINEAR_WEIGHTS,
        ),
    ],
    ids=["average", "mean", "weighted", "no-pooling", "shifted"],
)
def test_every_linear_head_is_split_exactly(model: bytes) -> None:
    inspection = Inspection(model, (2, 6, 6))
    assert not isinstance(inspection.head, str)
    logits = open_runtime("onnx", model).run(pictures(4))
    for picture, expected in zip(inspection.last_maps(pictures(4)), logits, strict=True):
        split = [inspection.head.class_map(picture, label) for label in range(3)]
        assert [each.places.shape for each in split] == [(6, 6)] * 3
        np.testing.assert_allclose([each.total for each in split], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            network(
                make("GlobalMaxPool", ["input"], ["pooled"]), FLATTEN, LINEAR, **LINEAR_WEIGHTS
            ),
            "lies GlobalMaxPool, not one sum",
        ),
        (
            network(
                make("GlobalAveragePool", ["input"], ["mean"]),
                make("Relu", ["mean"], ["pooled"]),
                FLATTEN,
                LINEAR,
                **LINEAR_WEIGHTS,
            ),
            "lies Relu, not one sum",
        ),
        (
            network(
                make("GlobalAveragePool", ["input"], ["pooled"]),
                FLATTEN,
                make("Gemm", ["flat", "weight", "bias"], ["hidden"], transB=1),
                make("Relu", ["hidden"], ["logits"]),
                **LINEAR_WEIGHTS,
            ),
            "the last layer is Relu",
        ),
    ],
    ids=["maximum", "activation", "flawed-head"],
)
def test_head_that_is_no_sum_over_places_is_said_to_be_none(model: bytes, said: str) -> None:
    head = Inspection(model, (2, 6, 6)).head
    assert isinstance(head, str)
    assert said in head


def test_known_answer_has_no_linear_layer() -> None:
    head = Inspection(onnx_model(10.0), (1, SIDE, SIDE)).head
    assert head == "the last layer is Flatten, not one linear layer (Gemm)"


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(BrokenArtifact):
        Inspection(b"no network", (1, 8, 8))

"""A class map is exact: its places and its bias sum to the logit that the service answers with."""

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper

from artifact.datasets import FOLDER, open_dataset
from artifact.errors import BrokenArtifact
from artifact.inspection.class_map import ClassMap
from artifact.inspection.inspection import Inspection
from artifact.repository import Repository
from artifact.runtimes.base import Batch
from artifact.runtimes.table import open_runtime
from tests.artifact.inspection.conftest import MODELS, NAMES
from tests.known_answer import SIDE, onnx_model
from tests.onnx_files import onnx_file
from vision.preprocess import View, tensor

PICTURES = 1000
TOLERANCE = 1e-4
Floats = NDArray[np.float32]


def class_maps(model: bytes, batch: Batch) -> list[list[ClassMap]]:
    """Those of every class, for each picture."""
    inspection = Inspection(model, batch.shape[1:])
    head = inspection.head
    assert not isinstance(head, str)
    maps = inspection.compute(batch, [head.maps])[head.maps]
    return [[head.class_map(each, label) for label in range(len(head.bias))] for each in maps]


@pytest.mark.parametrize("model", NAMES)
def test_map_and_bias_sum_to_the_logit_of_every_class(repository: Repository, model: str) -> None:
    artifact = repository.get(model)
    published = open_dataset(MODELS / FOLDER / "mnist").pixels(0)[:PICTURES]
    batch = tensor([View(each) for each in published], artifact.manifest.input)
    splits = class_maps(artifact.read("onnx"), batch)
    sums = [[split.total for split in of_picture] for of_picture in splits]
    np.testing.assert_allclose(sums, artifact.open("onnx").run(batch), rtol=0, atol=TOLERANCE)


def network(*nodes: onnx.NodeProto, **weights: Floats) -> bytes:
    """A network of 2 input channels, 6x6, with 3 classes."""
    return onnx_file(nodes, ("input", ("N", 2, 6, 6)), ("logits", ("N", 3)), weights)


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
    logits = open_runtime("onnx", model).run(pictures(4))
    for split, expected in zip(class_maps(model, pictures(4)), logits, strict=True):
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

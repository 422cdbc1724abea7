from dataclasses import dataclass, replace

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from artifact.runtimes.onnx import OnnxRuntime
from tests.training.learning import fitted
from training.data import Split, normalization
from training.evaluation.logits import network_logits
from training.export.files import to_onnx
from training.export.quantization import assess_quantised, quantize
from training.networks.architectures import ARCHITECTURES, build

_ROUNDED = {"QuantizeLinear", "DequantizeLinear", "Relu"}


@dataclass(frozen=True)
class Quantized:
    """A network that has learnt a little, and its two files."""

    exact: bytes
    rounded: bytes
    inputs: NDArray[np.float32]
    logits: NDArray[np.float32]


@pytest.fixture(scope="module", params=["relu", "hardswish"])
def quantized(small: Split, request: pytest.FixtureRequest) -> Quantized:
    architecture = replace(ARCHITECTURES["conv1-mobile3"], activation=request.param)
    network = build(architecture, shape=(1, 8, 8), classes=10, seed=0)
    scaling = normalization.measure(small.train)
    exact = to_onnx(fitted(network, small), (1, 8, 8))
    inputs = scaling.inputs(small.test.pixels).numpy()
    return Quantized(
        exact=exact,
        rounded=quantize(exact, scaling.inputs(small.train.pixels).numpy()),
        inputs=inputs,
        logits=network_logits(network, small.test.pixels, scaling).numpy(),
    )


def test_rounded_file_names_nearly_all_images_as_the_network_does(quantized: Quantized) -> None:
    logits = OnnxRuntime(quantized.rounded).run(quantized.inputs)
    assert (logits.argmax(axis=1) == quantized.logits.argmax(axis=1)).mean() >= 0.95
    assert 0 < np.abs(logits - quantized.logits).max() < 2


def test_rounding_takes_no_operation_apart(quantized: Quantized) -> None:
    exact, rounded = map(_operations, (quantized.exact, quantized.rounded))
    assert rounded == exact


def _operations(model: bytes) -> list[str]:
    """Without roundings, and without Relu: a rounding cuts off what is negative, too."""
    operations = [node.op_type for node in onnx.load_from_string(model).graph.node]
    return [each for each in operations if each not in _ROUNDED]


@pytest.mark.parametrize("count", [1, 2, 60])
def test_batch_size_is_free(quantized: Quantized, count: int) -> None:
    whole = OnnxRuntime(quantized.rounded).run(quantized.inputs)
    part = OnnxRuntime(quantized.rounded).run(quantized.inputs[:count])
    np.testing.assert_allclose(part, whole[:count], atol=1e-4)


def test_weights_are_eight_bits_but_for_the_first_and_the_last_layer(quantized: Quantized) -> None:
    graph = onnx.load_from_string(quantized.rounded).graph
    weights = {part.name: part for part in graph.initializer}
    made = {output: node for node in graph.node for output in node.output}
    layers = [node for node in graph.node if node.op_type in {"Conv", "Gemm"}]
    quantised = [
        made[layer.input[1]].op_type == "DequantizeLinear" if layer.input[1] in made else False
        for layer in layers
    ]
    assert quantised == [False, *[True] * (len(layers) - 2), False]
    for layer in layers[1:-1]:
        stored, scale = (weights[name] for name in made[layer.input[1]].input[:2])
        assert stored.data_type == onnx.TensorProto.INT8
        assert list(scale.dims) == [stored.dims[0]], "a scale for each output channel"


def test_dense_weights_leave_room_for_sixteen_bit_sums(quantized: Quantized) -> None:
    graph = onnx.load_from_string(quantized.rounded).graph
    stored = [
        onnx.numpy_helper.to_array(part)
        for part in graph.initializer
        if part.data_type == onnx.TensorProto.INT8 and len(part.dims) == 4
    ]
    dense = [weight for weight in stored if weight.shape[1] > 1]
    assert dense
    assert max(int(np.abs(weight.astype(int)).max()) for weight in dense) <= 64


def test_same_file_and_images_give_the_same_bytes(quantized: Quantized) -> None:
    inputs = quantized.inputs
    assert quantize(quantized.exact, inputs) == quantize(quantized.exact, inputs)


def test_rounded_answers_are_paired_with_exact_ones() -> None:
    labels = np.array([0, 1, 0, 1, 1])
    rounded = np.eye(2, dtype=np.float32)[[0, 1, 1, 1, 0]]
    exact = np.eye(2, dtype=np.float32)[[0, 1, 0, 0, 0]]
    found = assess_quantised(rounded, exact, labels, ("a", "b"), temperature=0.5)
    beside = found.against_float
    assert (beside.both_right, beside.both_wrong) == (2, 1)
    assert (beside.only_first_right, beside.only_second_right) == (1, 1)
    assert found.test.accuracy == 0.6
    sure = 1 / (1 + np.exp(-2))
    assert found.test.loss == pytest.approx(-(3 * np.log(sure) + 2 * np.log(1 - sure)) / 5)

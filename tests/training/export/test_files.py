import io
import re
import zipfile
from dataclasses import dataclass

import numpy as np
import onnx
import pytest
import torch
from torch import Generator, Tensor

from artifact.manifest import RuntimeId
from artifact.runtimes.table import open_runtime
from training.export.files import export
from training.networks.architectures import Network, architecture, build

SHAPE = (3, 8, 12)
RUNTIMES: tuple[RuntimeId, ...] = ("onnx", "torchscript")
SOURCES = re.compile(rb"/\w[\w.-]+/\w[\w.-]+/|site-packages|\w\w\.py\b|[A-Z]:\\\w+\\")


@dataclass(frozen=True)
class Exported:
    network: Network
    files: dict[RuntimeId, bytes]


def random_images(count: int) -> Tensor:
    return torch.rand(count, *SHAPE, generator=Generator().manual_seed(0))


@pytest.fixture(scope="module")
def exported() -> Exported:
    network = build(architecture("conv1-mobile3"), SHAPE, classes=5, seed=0)
    network(random_images(16))  # norms have statistics of their own, as after training
    return Exported(network.eval(), export(network, SHAPE))


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("count", [1, 2, 7, 64])
def test_runtime_answers_as_the_network_at_any_batch_size(
    exported: Exported, runtime: RuntimeId, count: int
) -> None:
    images = random_images(count)
    with torch.inference_mode():
        expected = exported.network(images).numpy()
    logits = open_runtime(runtime, exported.files[runtime]).run(images.numpy())
    assert logits.shape == (count, 5)
    assert logits.dtype == np.float32
    assert np.abs(logits - expected).max() < 1e-5


def test_onnx_input_and_output_are_named_with_a_free_batch(exported: Exported) -> None:
    graph = onnx.load_from_string(exported.files["onnx"]).graph
    (source,), (target,) = graph.input, graph.output
    assert (source.name, target.name) == ("input", "logits")
    sizes = [dimension.dim_value for dimension in source.type.tensor_type.shape.dim]
    assert sizes == [0, *SHAPE]
    assert source.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert source.type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_onnx_file_keeps_its_weights_inside(exported: Exported) -> None:
    graph = onnx.load_from_string(exported.files["onnx"]).graph
    assert not any(weight.external_data for weight in graph.initializer)
    assert {node.op_type for node in graph.node}.isdisjoint({"BatchNormalization", "Dropout"})


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_file_tells_nothing_of_where_it_was_made(exported: Exported, runtime: RuntimeId) -> None:
    parts = [exported.files[runtime]]
    if runtime == "torchscript":
        with zipfile.ZipFile(io.BytesIO(parts[0])) as archive:
            parts = [archive.read(name) for name in archive.namelist()]
            assert not [name for name in archive.namelist() if name.endswith(".debug_pkl")]
    found = [match.group() for part in parts for match in SOURCES.finditer(part)]
    assert found == []


def test_archive_is_small_and_frozen(exported: Exported) -> None:
    with zipfile.ZipFile(io.BytesIO(exported.files["torchscript"])) as archive:
        (code,) = (name for name in archive.namelist() if name.endswith(".py"))
        assert b"batch_norm" not in archive.read(code)
    weights = sum(weight.numel() for weight in exported.network.parameters())
    assert max(map(len, exported.files.values())) < 4 * weights + 20_000

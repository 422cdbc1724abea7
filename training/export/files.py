"""A trained network as files that other programs run, without a trace of the machine it was on."""

import io
import warnings
import zipfile
from pathlib import PurePosixPath

import onnx
import torch
from torch import nn

from artifact.manifest import RuntimeId

INPUT, OUTPUT = "input", "logits"
_DEBUG_SUFFIX = ".debug_pkl"  # source locations; the archive loads without them


def export(network: nn.Module, shape: tuple[int, int, int]) -> dict[RuntimeId, bytes]:
    """The model files of a network, by the runtime that executes them.

    Each maps float32 [batch, C, H, W] to float32 logits [batch, classes] for any batch.

    Args:
        network: On the CPU, in evaluation mode.
        shape: Channels, height, width of the input.
    """
    return {"onnx": to_onnx(network, shape), "torchscript": to_torchscript(network)}


def to_onnx(network: nn.Module, shape: tuple[int, int, int]) -> bytes:
    """The network as one ONNX file without external data; input `input`, output `logits`."""
    program = torch.onnx.export(
        network,
        (torch.zeros(2, *shape),),
        dynamo=True,
        external_data=False,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export(dynamo=True) returned no program")
    return stripped(program.model_proto)


def to_torchscript(network: nn.Module) -> bytes:
    """The network as a frozen TorchScript archive: weights are constants, norms are folded in."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Deprecated upstream since torch 2.10; users still need it.
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated")
        frozen = torch.jit.freeze(torch.jit.script(network))
        torch.jit.save(frozen, buffer)
    return _without_debug_files(buffer)


def stripped(model: onnx.ModelProto) -> bytes:
    """The file without what exporters note of the code's whereabouts, a third of a small one.

    Raises:
        onnx.checker.ValidationError: It is no valid model.
    """
    graph = model.graph
    values = (*graph.input, *graph.output, *graph.value_info, *graph.initializer)
    for part in (model, graph, *graph.node, *values):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _without_debug_files(archive: io.BytesIO) -> bytes:
    stripped = io.BytesIO()
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(stripped, "w") as target:
        for entry in source.infolist():
            if PurePosixPath(entry.filename).suffix != _DEBUG_SUFFIX:
                target.writestr(zipfile.ZipInfo(entry.filename), source.read(entry))
    return stripped.getvalue()

"""An ONNX file in 8-bit integers: smaller, and faster where the processor multiplies them.

The settings are those that, of the ones tried, changed the fewest answers on validation images:
ranges are the smallest and largest values on training images, each output channel of a weight has
a scale of its own, and two layers stay as they are: the first, which has little to save, and the
last, since the logits' own size decides whether a picture is rejected.
"""

import tempfile
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

from artifact.manifest import Quantization
from artifact.metrics import Quantised
from artifact.runtimes.onnx import import_onnxruntime
from artifact.statistics.paired import paired_difference
from training.evaluation.evaluate import split_metrics
from training.export.files import INPUT, stripped

Batch = NDArray[np.float32]

CALIBRATION_IMAGES: Final = 512
_CALIBRATED: Final = 4  # pictures at a time: every map of them is kept until its range is known
_WEIGHTED: Final = frozenset({"Conv", "Gemm", "MatMul"})


def describe_quantization(images: int) -> Quantization:
    """What `quantize` does, with that many images."""
    return Quantization(calibration="minmax", images=images)


def quantize(model: bytes, inputs: Batch) -> bytes:
    """Make the onnx-int8 file of an onnx file: static, in QDQ form, per channel.

    Args:
        model: An ONNX file as `to_onnx` makes it.
        inputs: Normalised training images [N, C, H, W], which the ranges are chosen on.
    """
    import_onnxruntime()
    from onnxruntime import quantization  # noqa: PLC0415 - imports onnxruntime by itself
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415 - likewise

    with tempfile.TemporaryDirectory() as folder:
        source, prepared, target = (Path(folder) / name for name in ("a.onnx", "b.onnx", "c.onnx"))
        source.write_bytes(model)
        # The exporter has folded all there is to fold; the optimizer would take a HardSwish apart,
        # into steps that are each rounded.
        quant_pre_process(source, prepared, skip_symbolic_shape=True, skip_optimization=True)
        graph = onnx.load(prepared).graph
        layers = [node for node in graph.node if node.op_type in _WEIGHTED]
        kept = (layers[0], layers[-1])
        dense = [layer for layer in layers if layer not in kept and not _is_grouped(layer)]
        quantization.quantize_static(
            prepared,
            target,
            _Batches(inputs),
            quant_format=quantization.QuantFormat.QDQ,
            calibrate_method=quantization.CalibrationMethod.MinMax,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=[node.name for node in (*kept, *_fine_steps(graph))],
            extra_options={"TensorQuantOverrides": _seven_bits(dense)},
        )
        return stripped(onnx.load(target))


def assess_quantised(
    logits: NDArray[np.float32],
    exact: NDArray[np.float32],
    labels: NDArray[np.int64],
    label_names: Sequence[str],
    temperature: float,
) -> Quantised:
    """Measure the onnx-int8 file on the test images.

    Args:
        logits: By the file, [N, classes], before the temperature.
        exact: By the network that it was made of, likewise.
        labels: Of the images, [N].
        label_names: Of the classes.
        temperature: Of the published model, which serves this file too.
    """
    ours, theirs = (values.argmax(axis=1) == labels for values in (logits, exact))
    return Quantised(
        test=split_metrics(logits / temperature, labels, label_names),
        against_float=paired_difference(
            images=len(labels),
            first=int((ours & ~theirs).sum()),
            second=int((theirs & ~ours).sum()),
            both_wrong=int((~ours & ~theirs).sum()),
        ),
    )


class _Batches:
    """The calibration images, as the quantizer asks for them."""

    def __init__(self, inputs: Batch) -> None:
        self._batches: Iterator[dict[str, object]] = iter(
            {INPUT: inputs[start : start + _CALIBRATED]}
            for start in range(0, len(inputs), _CALIBRATED)
        )

    def get_next(self) -> dict[str, object] | None:
        """Give one batch by the name of the model's input; None after the last."""
        return next(self._batches, None)


def _fine_steps(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """What 8 bits are too coarse for, and what costs nothing as it is.

    Averages of maps that are joined have a range each, and one for all would leave the small ones
    nothing; a number that is added to keep from 0 may be smaller than a step.
    """
    makers = {name: node for node in graph.node for name in node.output}
    single = {value.name for value in graph.initializer if prod(value.dims) == 1}
    for node in graph.node:
        if node.op_type == "Concat":
            yield node
            yield from (makers[name] for name in node.input if name in makers)
        elif node.op_type == "Add" and any(name in single for name in node.input):
            yield node


def _is_grouped(layer: onnx.NodeProto) -> bool:
    return any(attribute.name == "group" and attribute.i > 1 for attribute in layer.attribute)


def _seven_bits(dense: Sequence[onnx.NodeProto]) -> dict[str, list[dict[str, int]]]:
    """Weights in 7 of the 8 bits, by name.

    Processors without VNNI instructions add two products of 8 bits in 16, which overflow: they
    would answer otherwise than those with them. A depthwise convolution is multiplied in wider
    integers, and loses most by coarser weights.
    """
    coarser = {"axis": 0, "reduce_range": True}
    return {layer.input[1]: [coarser] for layer in dense}

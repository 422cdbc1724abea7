"""Which inputs and outputs a model has for the protocol's clients.

The model file's own input and output come first, by the file's own names: a client of the same
file elsewhere finds what it knows. Beside them are a picture as input and what the service makes
of the logits as outputs; they come only where they are asked for. Metadata lists what a client
that fills every input must fill, so not the picture: perf_analyzer would send both.
"""

from typing import Final

from artifact.manifest import MODEL_FILES, RuntimeId
from artifact.predictor import Predictor
from service.v2.tensors import Datatype, TensorMetadata

PROBABILITIES: Final = "probabilities"
LABEL: Final = "label"
ACCEPTED: Final = "accepted"
REASON: Final = "reason"

_PLATFORMS: Final[dict[RuntimeId, tuple[str, str]]] = {
    "onnx": ("onnxruntime_onnx", "onnxruntime"),
    "onnx-int8": ("onnxruntime_onnx", "onnxruntime"),
    "torchscript": ("pytorch_libtorch", "pytorch"),
}
_ANY: Final = -1

PICTURE: Final = TensorMetadata("image", "BYTES", (_ANY, 1))


def tensor_input(predictor: Predictor) -> TensorMetadata:
    """Describe the network's own input."""
    return TensorMetadata(predictor.input_name, "FP32", (_ANY, *predictor.manifest.input.shape))


def outputs(predictor: Predictor) -> list[TensorMetadata]:
    """Describe the outputs: the network's own, and what can be asked for beside it."""
    labels = len(predictor.manifest.labels)
    return [
        TensorMetadata(predictor.output_name, "FP32", (_ANY, labels)),
        TensorMetadata(PROBABILITIES, "FP32", (_ANY, labels)),
        TensorMetadata(LABEL, "BYTES", (_ANY, 1)),
        TensorMetadata(ACCEPTED, "BOOL", (_ANY, 1)),
        TensorMetadata(REASON, "BYTES", (_ANY, 1)),
    ]


def platform(predictor: Predictor) -> str:
    """Name what executes the model, as Triton does."""
    return _PLATFORMS[predictor.runtime_id][0]


def configuration(predictor: Predictor, max_batch_size: int) -> dict[str, object]:
    """Give the model's configuration, in the fields of Triton's that have a meaning here."""
    name = predictor.manifest.name
    return {
        "name": name,
        "platform": platform(predictor),
        "backend": _PLATFORMS[predictor.runtime_id][1],
        "version_policy": {"all": {}},
        "max_batch_size": max_batch_size,
        "input": [_configured(tensor_input(predictor))],
        "output": [_configured(spec) for spec in outputs(predictor)],
        "instance_group": [{"name": name, "kind": "KIND_CPU", "count": 1}],
        "default_model_filename": MODEL_FILES[predictor.runtime_id],
        "parameters": {"picture_input": {"string_value": str(PICTURE)}},
    }


def _configured(spec: TensorMetadata) -> dict[str, object]:
    # With a max_batch_size, Triton's dimensions leave out the batch.
    return {
        "name": spec.name,
        "data_type": _CONFIGURED_TYPES[spec.datatype],
        "dims": list(spec.shape[1:]),
    }


_CONFIGURED_TYPES: Final[dict[Datatype, str]] = {
    "FP32": "TYPE_FP32",
    "BOOL": "TYPE_BOOL",
    "BYTES": "TYPE_STRING",
}

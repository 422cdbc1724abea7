"""From the inputs of a request to the batch that the network takes."""

from collections.abc import Sequence

from artifact.predictor import Predictor
from artifact.runtimes.base import Batch
from service.errors import Refused, malformed, status_of
from service.observability.telemetry import Trace
from service.pipeline.decoding import Pictures
from service.settings import Settings
from service.v2.signature import PICTURE, tensor_input
from service.v2.tensors import InputTensor, read_bytes, read_floats
from vision.errors import ImageError
from vision.preprocess import View

Content = Batch | list[bytes]  # a tensor FP32 [N, C, H, W], or N encoded pictures


def read_input(predictor: Predictor, tensors: Sequence[InputTensor], settings: Settings) -> Content:
    """Read the one input that a request has.

    Raises:
        Refused: 400, it is not an input that the model has, or not of its datatype, shape or size.
    """
    if len(tensors) != 1:
        raise malformed(f"one input is accepted, not {len(tensors)}: {_either(predictor)}")
    [tensor] = tensors
    if tensor.name == predictor.input_name:
        _check(tensor, "FP32", settings.max_batch_size, predictor.manifest.input.shape)
        return read_floats(tensor)
    if tensor.name == PICTURE.name:
        _check(tensor, "BYTES", settings.max_files, (1,), ())
        return read_bytes(tensor)
    raise malformed(f"no input {tensor.name[:100]!r}; accepted: {_either(predictor)}")


async def see_all(
    pictures: Pictures, predictor: Predictor, data: Sequence[bytes], trace: Trace
) -> list[View]:
    """Decode and preprocess encoded pictures as the network sees them.

    Raises:
        Refused: As for `Pictures.views`, a picture is refused.
    """
    views = []
    outcomes = await pictures.view_each(data, predictor.manifest.input, trace)
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, ImageError):
            raise Refused(status_of(outcome), f"picture {index} of {PICTURE.name!r}: {outcome}")
        views.append(outcome)
    return views


def _check(tensor: InputTensor, datatype: str, most: int, *shapes: tuple[int, ...]) -> None:
    """Refuse what is not of that datatype, or no batch of at most so many of one of the shapes."""
    if tensor.datatype != datatype:
        wrong = f"datatype {tensor.datatype[:100]!r}; accepted: {datatype}"
    elif not tensor.shape or tensor.shape[1:] not in shapes:
        accepted = " and ".join(str([-1, *shape]) for shape in shapes)
        wrong = f"shape {list(tensor.shape)}; accepted: {accepted}"
    elif not 1 <= tensor.shape[0] <= most:
        wrong = f"a batch of {tensor.shape[0]}; accepted: 1 to {most}"
    else:
        return
    raise malformed(f"input {tensor.name!r} has {wrong}")


def _either(predictor: Predictor) -> str:
    return f"{tensor_input(predictor)} or {PICTURE}"

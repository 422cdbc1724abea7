"""From the inputs of a request to the batch that the network takes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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


class Inputs:
    """Prepares batches of bounded sizes."""

    def __init__(self, pictures: Pictures, settings: Settings) -> None:
        self._pictures = pictures
        self._settings = settings

    def read(self, predictor: Predictor, tensors: Sequence[InputTensor]) -> Content:
        """Read the one input that a request has.

        Raises:
            Refused: 400, it is not an input that the model has, or not of its datatype,
                shape or size.
        """
        if len(tensors) != 1:
            raise malformed(f"one input is accepted, not {len(tensors)}: {_either(predictor)}")
        if tensors[0].name == predictor.input_name:
            return self._floats(predictor, tensors[0])
        if tensors[0].name == PICTURE.name:
            return self._pictures_of(tensors[0])
        raise malformed(f"no input {tensors[0].name[:100]!r}; accepted: {_either(predictor)}")

    async def views(
        self, predictor: Predictor, pictures: Sequence[bytes], trace: Trace
    ) -> list[View]:
        """Preprocess pictures as the network sees them.

        Raises:
            Refused: As for `Pictures.views`, a picture is refused.
        """
        outcomes = await self._pictures.view_each(pictures, predictor.manifest.input, trace)
        views = []
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, ImageError):
                raise Refused(status_of(outcome), f"picture {index} of {PICTURE.name!r}: {outcome}")
            views.append(outcome)
        return views

    def _floats(self, predictor: Predictor, tensor: InputTensor) -> NDArray[np.float32]:
        _check_datatype(tensor, "FP32")
        shape = predictor.manifest.input.shape
        if tensor.shape[1:] != shape:
            raise malformed(
                f"input {tensor.name!r} has shape {list(tensor.shape)}; accepted: {[-1, *shape]}"
            )
        _check_batch(tensor, self._settings.max_batch_size)
        return read_floats(tensor)

    def _pictures_of(self, tensor: InputTensor) -> list[bytes]:
        _check_datatype(tensor, "BYTES")
        if tensor.shape[1:] not in ((), (1,)) or not tensor.shape:
            raise malformed(
                f"input {tensor.name!r} has shape {list(tensor.shape)}; accepted: [-1, 1] and [-1]"
            )
        _check_batch(tensor, self._settings.max_files)
        return read_bytes(tensor)


def _check_datatype(tensor: InputTensor, accepted: str) -> None:
    if tensor.datatype != accepted:
        raise malformed(
            f"input {tensor.name!r} has datatype {tensor.datatype[:100]!r}; accepted: {accepted}"
        )


def _check_batch(tensor: InputTensor, most: int) -> None:
    if not 1 <= tensor.shape[0] <= most:
        raise malformed(
            f"input {tensor.name!r} has a batch of {tensor.shape[0]}; accepted: 1 to {most}"
        )


def _either(predictor: Predictor) -> str:
    return f"{tensor_input(predictor)} or {PICTURE}"

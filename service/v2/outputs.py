"""From a network's logits to the outputs that a request asks for."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import orjson

from artifact.predictor import Predictor, Reason
from artifact.runtimes.base import Logits
from service.errors import Refused, malformed
from service.pipeline.engine import Rendered
from service.v2.body import HEADER_LENGTH, Fields
from service.v2.request import InferRequest, RequestedOutput
from service.v2.signature import ACCEPTED, LABEL, PROBABILITIES, REASON, outputs
from service.v2.tensors import Array, Datatype, Values, all_finite, write_bytes
from vision.preprocess import View

_JSON: Final = b"application/json"
_BINARY: Final = b"application/octet-stream"
_ACCEPT_ENCODING: Final = b"accept-encoding"
_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}  # deflate is zlib's format
_LEAST_COMPRESSED: Final = 1024
_FAST: Final = 1
_MOST_VALUES: Final = 250_000


class Inferred(NamedTuple):
    """What there is to answer with: the logits [N, K], and what they were computed of."""

    predictor: Predictor
    logits: Logits
    views: Sequence[View] | None


class Output(NamedTuple):
    """One output of an answer; `raw` where it comes in bytes."""

    description: dict[str, object]
    raw: bytes | None


def render(
    inferred: Inferred, request: InferRequest, head: dict[str, str], fields: Fields
) -> Rendered:
    """Write an answer: `head` and the outputs, compressed as the request's header fields accept.

    Raises:
        Refused: 400, JSON is asked for and cannot hold the values.
    """
    outputs = [_output(inferred, output) for output in _requested(inferred.predictor, request)]
    document = {**head, "outputs": [output.description for output in outputs]}
    text = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    raw = [output.raw for output in outputs if output.raw is not None]
    data, encoding = _compress(b"".join((text, *raw)) if raw else text, fields)
    headers = [(b"content-type", _BINARY if raw else _JSON)]
    if raw:
        headers.append((HEADER_LENGTH.lower().encode(), b"%d" % len(text)))
    if encoding is not None:
        headers.append((b"content-encoding", encoding.encode()))
    return Rendered(data, tuple(headers))


def count_values(predictor: Predictor, request: InferRequest, pictures: int) -> int:
    """Count the values that an answer for so many pictures holds as text: in JSON, or classes.

    Raises:
        Refused: 413, they are too many; nothing is computed for them.
    """
    labels = len(predictor.manifest.labels)
    scores = (predictor.output_name, PROBABILITIES)  # a value a class; the other outputs have one
    values = pictures * sum(
        min(output.classes or labels, labels) if output.name in scores else 1
        for output in _requested(predictor, request)
        if output.classes or not output.binary
    )
    if values > _MOST_VALUES:
        raise Refused(
            413,
            f"the answer would hold {values} values as text; at most {_MOST_VALUES} are accepted: "
            "send fewer pictures, or ask for fewer classes, or for `binary_data`",
        )
    return values


def check(predictor: Predictor, request: InferRequest) -> None:
    """Refuse unknown outputs before anything is computed for them.

    Raises:
        Refused: 400, the model has no such output, or none that has classes.
    """
    if request.outputs is None:
        return
    known = {spec.name: spec for spec in outputs(predictor)}
    for output in request.outputs:
        if output.name not in known:
            raise malformed(
                f"no output {output.name[:100]!r}; accepted: {', '.join(map(str, known.values()))}"
            )
        if output.classes and known[output.name].datatype != "FP32":
            raise malformed(
                f"output {output.name!r} has no classes; classification is accepted for "
                f"{predictor.output_name!r} and {PROBABILITIES!r}"
            )


def _requested(predictor: Predictor, request: InferRequest) -> Sequence[RequestedOutput]:
    return request.outputs or (RequestedOutput(predictor.output_name, request.binary),)


def _output(inferred: Inferred, output: RequestedOutput) -> Output:
    values = _values(inferred, output)
    pictures = len(inferred.logits)
    count = len(values) if isinstance(values, list) else values.size
    description: dict[str, object] = {
        "name": output.name,
        "datatype": _datatype(values),
        "shape": [pictures, count // pictures],
    }
    if not output.binary:
        return Output(description | {"data": _in_json(values, output.name)}, None)
    raw = write_bytes(values)
    return Output(description | {"parameters": {"binary_data_size": len(raw)}}, raw)


def _in_json(values: Values, name: str) -> Values:
    if isinstance(values, list):
        return values
    flat = values.ravel()
    if not all_finite(flat):
        raise malformed(
            f"output {name!r} is not finite for this input; JSON cannot say so, bytes can"
        )
    return flat


def _values(inferred: Inferred, output: RequestedOutput) -> Values:
    is_own = output.name == inferred.predictor.output_name
    values = inferred.logits if is_own else _COMPUTED[output.name](inferred)
    if output.classes and not isinstance(values, list):
        return _classes(values, inferred.predictor.manifest.labels, output.classes)
    return values


def _datatype(values: Values) -> Datatype:
    if isinstance(values, list):
        return "BYTES"
    return "BOOL" if values.dtype == np.bool_ else "FP32"


def _classes(values: Array, labels: Sequence[str], count: int) -> list[str]:
    """Write the best classes of each row as Triton does: value:index:label, the best first."""
    best = np.argsort(np.negative(values), axis=1, kind="stable")[:, :count]
    return [
        f"{row[index]:f}:{index}:{labels[index]}"
        for row, order in zip(values, best.tolist(), strict=True)
        for index in order
    ]


@np.errstate(all="ignore")  # of logits that are not finite, probabilities that are none
def _probabilities(inferred: Inferred) -> Array:
    return inferred.predictor.probabilities(inferred.logits)


def _label(inferred: Inferred) -> list[str]:
    labels = inferred.predictor.manifest.labels
    return [labels[index] for index in inferred.logits.argmax(axis=1).tolist()]


def _accepted(inferred: Inferred) -> Array:
    return np.array([reason is None for reason in _reasons(inferred)])


def _reason(inferred: Inferred) -> list[str]:
    return [reason or "" for reason in _reasons(inferred)]


@np.errstate(all="ignore")  # likewise
def _reasons(inferred: Inferred) -> list[Reason | None]:
    accepted = inferred.predictor.in_distribution(inferred.logits)
    seen = [view.reason for view in inferred.views] if inferred.views else [None] * len(accepted)
    return [
        reason or (None if known else inferred.predictor.rejected)
        for reason, known in zip(seen, accepted, strict=True)
    ]


_COMPUTED: Final[Mapping[str, Callable[[Inferred], Values]]] = {
    PROBABILITIES: _probabilities,
    LABEL: _label,
    ACCEPTED: _accepted,
    REASON: _reason,
}


def _compress(data: bytes, fields: Fields) -> tuple[bytes, str | None]:
    """Compress an answer that is worth it as the request's fields accept; say how it was done."""
    if len(data) < _LEAST_COMPRESSED or _ACCEPT_ENCODING not in fields:
        return data, None
    encoding = _choose_encoding(fields[_ACCEPT_ENCODING].decode("latin-1"))
    if encoding is None:
        return data, None
    stream = zlib.compressobj(_FAST, wbits=_WINDOW_BITS[encoding])
    return stream.compress(data) + stream.flush(), encoding


def _choose_encoding(offers: str) -> str | None:
    offered = (offer.partition(";") for offer in offers.split(","))
    willing = {name.strip().lower() for name, _, weight in offered if weight.strip() != "q=0"}
    return next((encoding for encoding in _WINDOW_BITS if encoding in willing), None)

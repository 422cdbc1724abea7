"""What an inference request asks for, read out of its JSON and the bytes behind it."""

from collections.abc import Mapping
from math import prod
from typing import Final, NamedTuple, TypeVar

import orjson

from service.errors import Refused, malformed
from service.v2.tensors import InputTensor

Kind = TypeVar("Kind")
_KINDS: Final[Mapping[type, str]] = {
    str: "text",
    int: "an integer of 64 bits",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
SMALL: Final = 65_536  # bytes of JSON that are parsed in no time
_MOST_DIMENSIONS: Final = 8
_MOST_TENSORS: Final = 16  # a model has fewer inputs, and fewer outputs
_MOST_ID: Final = 1000  # characters: it comes back with the answer
_MOST_KEYS: Final = 10_000
_FLOAT_BYTES: Final = 4
_SHARED_MEMORY: Final = "shared_memory_region"


class RequestedOutput(NamedTuple):
    """An output that a request asks for.

    Attributes:
        classes: How many of the best classes are to come in its place; None for the values.
    """

    name: str
    binary: bool  # whether it is to come in bytes; in JSON otherwise
    classes: int | None = None


class InferRequest(NamedTuple):
    """A request to infer."""

    id: str | None  # comes back with the answer
    runtime: str | None  # that is to execute the model; None for the model's first
    inputs: tuple[InputTensor, ...]  # in their order
    outputs: tuple[RequestedOutput, ...] | None  # those asked for; None for the model's own
    binary: bool  # whether outputs that are not asked for by name come in bytes


def parse(text: bytes, tensors: memoryview, *, most_bytes: int, most_values: int) -> InferRequest:
    """Read a request out of its JSON and the bytes behind it.

    Raises:
        Refused: 400, the body is not as the protocol says; 413, its JSON has too many bytes,
            or holds so many values that no batch takes them.
    """
    _check_length(text, most_bytes, "; send large tensors as binary")
    if len(text) > SMALL:
        _check_values(text, most_values)
    document = _object(text)
    parameters = _parameters(document, "the request")
    if parameters.get("sequence_id"):
        raise malformed("the request belongs to a sequence, but the models keep no state")
    binary = bool(_get(parameters, "binary_data_output", bool, "the request's parameters"))
    return InferRequest(
        id=_id(document),
        runtime=_get(parameters, "runtime", str, "the request's parameters"),
        inputs=_inputs(document, tensors),
        outputs=_outputs(document, binary),
        binary=binary,
    )


def parse_raw(tensor: memoryview, name: str, shape: tuple[int, ...]) -> InferRequest:
    """Read a request that is nothing but the bytes of a batch of FP32 [N, *shape].

    Raises:
        Refused: 400, the bytes are no whole batch.
    """
    size = prod(shape) * _FLOAT_BYTES
    if len(tensor) % size:
        raise malformed(f"a raw request must have a multiple of {size} bytes, not {len(tensor)}")
    source = InputTensor(name, "FP32", (len(tensor) // size, *shape), raw=tensor)
    return InferRequest(id=None, runtime=None, inputs=(source,), outputs=None, binary=True)


def read_object(text: bytes) -> dict[str, object]:
    """Read a small JSON object; nothing at all is an empty one.

    Raises:
        Refused: 400, it is something else; 413, it is not small.
    """
    _check_length(text, SMALL)
    return _object(text) if text else {}


def read_parameters(text: bytes) -> dict[str, object]:
    """Read what parameters a JSON object has; it may be missing.

    Raises:
        Refused: As for `read_object`.
    """
    return _parameters(read_object(text), "the request")


def _check_length(text: bytes, most: int, hint: str = "") -> None:
    if len(text) > most:
        raise Refused(
            413,
            f"the request's JSON has {len(text)} bytes; at most {most} are accepted{hint}",
        )


def _object(text: bytes) -> dict[str, object]:
    try:
        document = orjson.loads(text)
    except ValueError as error:
        raise malformed(f"the request is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise malformed("the request must be a JSON object")
    return document


def _check_values(text: bytes, most: int) -> None:
    """Refuse what would take far more memory and time as Python objects than as bytes."""
    if sum(map(text.count, (b",", b"[", b"{"))) > most:
        raise Refused(
            413,
            f"the request's JSON holds more than {most} values, which is more than the largest "
            "batch takes; send fewer, or send them in bytes",
        )
    if text.count(b":") > _MOST_KEYS:
        raise Refused(413, f"the request's JSON holds more than {_MOST_KEYS} keys")


def _id(document: dict[str, object]) -> str | None:
    name = _get(document, "id", str, "the request")
    if name is not None and len(name) > _MOST_ID:
        raise malformed(f"`id` has {len(name)} characters; at most {_MOST_ID} are accepted")
    return name


def _inputs(document: dict[str, object], tensors: memoryview) -> tuple[InputTensor, ...]:
    entries = _tensors(document, "inputs")
    if not entries:
        raise malformed("the request must have `inputs`: a list of at least one tensor")
    inputs, start = [], 0
    for name, entry in entries.items():
        source = _input(name, entry, tensors[start:])
        start += len(source.raw or b"")
        inputs.append(source)
    if start != len(tensors):
        raise malformed(f"{len(tensors) - start} bytes follow that belong to no input")
    return tuple(inputs)


def _input(name: str, tensor: dict[str, object], tensors: memoryview) -> InputTensor:
    where = f"input {name[:100]!r}"
    parameters = _parameters(tensor, where)
    if _SHARED_MEMORY in parameters:
        raise malformed(f"{where} lies in shared memory, which is not supported; send its values")
    size = _get(parameters, "binary_data_size", int, f"{where}'s parameters")
    if size is not None and "data" in tensor:
        raise malformed(f"{where} has both `data` and binary_data_size; one of the two is accepted")
    return InputTensor(
        name=name,
        datatype=_need(tensor, "datatype", str, where),
        shape=_shape(_need(tensor, "shape", list, where), where),
        data=tensor.get("data"),
        raw=None if size is None else _slice(tensors, size, where),
    )


def _slice(tensors: memoryview, size: int, where: str) -> memoryview:
    if not 0 <= size <= len(tensors):
        raise malformed(
            f"{where} has binary_data_size {size}; behind the JSON are {len(tensors)} bytes left"
        )
    return tensors[:size]


def _shape(shape: list[object], where: str) -> tuple[int, ...]:
    sizes = [size for size in shape if type(size) is int and size >= 0]
    if len(sizes) < len(shape) or len(shape) > _MOST_DIMENSIONS:
        raise malformed(
            f"{where} must have as `shape` at most {_MOST_DIMENSIONS} integers of 64 bits, none "
            "negative"
        )
    return tuple(sizes)


def _outputs(document: dict[str, object], binary: bool) -> tuple[RequestedOutput, ...] | None:
    entries = _tensors(document, "outputs")
    return tuple(_output(*entry, binary) for entry in entries.items()) or None


def _output(name: str, tensor: dict[str, object], binary: bool) -> RequestedOutput:
    where = f"output {name[:100]!r}"
    parameters = _parameters(tensor, where)
    if _SHARED_MEMORY in parameters:
        raise malformed(f"{where} is wanted in shared memory, which is not supported")
    chosen = _get(parameters, "binary_data", bool, f"{where}'s parameters")
    classes = _get(parameters, "classification", int, f"{where}'s parameters")
    if classes is not None and classes < 1:
        raise malformed(f"{where} has classification {classes}; at least 1 is accepted")
    return RequestedOutput(name, binary if chosen is None else chosen, classes)


def _tensors(document: dict[str, object], key: str) -> dict[str, dict[str, object]]:
    """Give the objects of a list by their names; each name may come once."""
    entries = _get(document, key, list, "the request") or []
    if len(entries) > _MOST_TENSORS:
        raise malformed(f"`{key}` has {len(entries)} entries; at most {_MOST_TENSORS} are accepted")
    tensors: dict[str, dict[str, object]] = {}
    for entry in entries:
        if not isinstance(entry, dict):
            raise malformed(f"`{key}` must be a list of objects")
        name = _need(entry, "name", str, f"every one of `{key}`")
        if name in tensors:
            raise malformed(f"`{key}` has {name[:100]!r} twice; each name is accepted once")
        tensors[name] = entry
    return tensors


def _parameters(holder: dict[str, object], where: str) -> dict[str, object]:
    return _get(holder, "parameters", dict, where) or {}


def _need(holder: dict[str, object], key: str, kind: type[Kind], where: str) -> Kind:
    value = _get(holder, key, kind, where)
    if value is None:
        raise malformed(f"{where} must have `{key}`: {_KINDS[kind]}")
    return value


def _get(holder: dict[str, object], key: str, kind: type[Kind], where: str) -> Kind | None:
    """Look up what may be absent; an integer is no true or false, though Python has it so."""
    value = holder.get(key)
    if value is not None and type(value) is not kind:
        raise malformed(f"{where} must have as `{key}` {_KINDS[kind]}")
    return value

"""What the protocol's answers are, for the documentation; the routes write them as they are."""

from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from artifact.manifest import Part
from service.v2.tensors import Datatype


class ErrorAnswer(Part):
    """Why a request was refused."""

    error: str = Field(description="What was wrong, and what is accepted.")


class ServerLive(Part):
    """The process answers."""

    live: Literal[True] = True


class ServerReady(Part):
    """The models answer."""

    ready: Literal[True] = True


class ModelReady(Part):
    """The model answers."""

    name: str
    ready: Literal[True] = True


class ServerMetadata(Part):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(Part):
    """What an input or output is."""

    name: str
    datatype: Datatype
    shape: list[int] = Field(description="-1: any size; the first one is the batch.")


class ModelMetadata(Part):
    """What a model takes and gives."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata] = Field(
        description="The network's own; encoded pictures as `image`, BYTES [-1, 1], in its place."
    )
    outputs: list[TensorMetadata] = Field(
        description="The first is the answer where a request names none."
    )


class InferOutput(Part):
    """A tensor that is given."""

    name: str
    datatype: Datatype
    shape: list[int]
    parameters: dict[str, JsonValue] = Field(
        default={}, description="`binary_data_size`: the tensor is so many bytes behind the JSON."
    )
    data: list[Any] | None = Field(default=None, description="Flat, row-major.")


class Inferred(Part):
    """The answer to a request to infer."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[InferOutput]


class Count(Part):
    """How often something was done, and how long it took together."""

    count: int
    ns: int


class RequestStatistics(Part):
    """Of all requests; every stage of the successful ones."""

    success: Count
    fail: Count
    queue: Count
    compute_input: Count
    compute_infer: Count
    compute_output: Count
    cache_hit: Count = Field(description="There is no cache: zero.")
    cache_miss: Count = Field(description="There is no cache: zero.")


class BatchStatistics(Part):
    """Of the requests with so many pictures."""

    batch_size: int
    queue: Count
    compute_input: Count
    compute_infer: Count
    compute_output: Count


class ModelStatistics(Part):
    """What one version of a model did for the protocol's clients since it was loaded."""

    model_config = ConfigDict(protected_namespaces=())

    name: str
    version: str
    last_inference: int = Field(description="Milliseconds since 1970; 0: there was none.")
    inference_count: int = Field(description="Pictures.")
    execution_count: int = Field(description="Requests.")
    inference_stats: RequestStatistics
    batch_stats: list[BatchStatistics]


class StatisticsList(Part):
    """What every model did."""

    model_stats: list[ModelStatistics]


class IndexEntry(Part):
    """One version of one model."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str = Field(description="Why it is not ready; empty where it is.")

"""What the documentation shows of the protocol; the routes write their answers as they are."""

from typing import Annotated, Any, Final, Literal

from fastapi import Path, Response
from pydantic import ConfigDict, Field, JsonValue

from artifact.manifest import Part
from service.v2.statistics import Count
from service.v2.tensors import Datatype, TensorMetadata

Name = Annotated[str, Path(description="Of a model; `POST /v2/repository/index` lists them.")]
Version = Annotated[
    str,
    Path(
        description="Of the model, in digits.", json_schema_extra={"pattern": "^[1-9][0-9]{0,8}$"}
    ),
]


Responses = dict[int | str, dict[str, Any]]  # as FastAPI's routes take them, models among JSON
RouteOptions = dict[str, Any]  # keyword arguments of a route, each of its own type


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
    data: list[object] | None = Field(default=None, description="Flat, row-major.")


class Inferred(Part):
    """The answer to a request to infer."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[InferOutput]


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


TAG: Final = {
    "name": "open inference protocol",
    "description": "V2 over REST, as clients of Triton, KServe and MLServer speak it. Errors "
    'answer `{"error": ...}`.',
}
UNKNOWN: Final[Responses] = {
    404: {"model": ErrorAnswer, "description": "No such model or version."}
}
NOT_READY: Final[Responses] = {
    503: {"model": ErrorAnswer, "description": "Not ready; see `Retry-After`."}
}
REFUSED: Final[Responses] = {
    400: {"model": ErrorAnswer, "description": "Something is wrong with the request."}
}
TOO_LARGE: Final[Responses] = {
    413: {"model": ErrorAnswer, "description": "Too many bytes, values or pixels."}
}
_PARAMETERS: Final = {"type": ["object", "null"]}
_TENSOR: Final = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"enum": ["FP32", "BYTES"]},
        "parameters": _PARAMETERS
        | {"description": "`binary_data_size`: the tensor is so many bytes behind the JSON."},
        "data": {"type": "array", "description": "Flat or nested, row-major; of BYTES, base64."},
    },
}
_OUTPUT: Final = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "parameters": _PARAMETERS
        | {
            "description": "`binary_data`: true for bytes; `classification`: so many of the best "
            "classes in its place, each as `value:index:label`."
        },
    },
}
_REQUEST: Final = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {
            "type": ["string", "null"],
            "maxLength": 1000,
            "description": "Comes back with the answer.",
        },
        "parameters": _PARAMETERS
        | {
            "description": "`binary_data_output`: true for bytes; `runtime`: that is to execute "
            "the model. Others have no effect, but a `sequence_id` is refused."
        },
        "inputs": {"type": "array", "items": _TENSOR, "minItems": 1, "maxItems": 1},
        "outputs": {
            "type": ["array", "null"],
            "items": _OUTPUT,
            "maxItems": 16,
            "description": "Missing or empty: the logits.",
        },
    },
}
_BYTES: Final = {
    "type": "string",
    "format": "binary",
    "description": "The JSON, whose length the header `Inference-Header-Content-Length` gives, "
    "then the tensors one after the other, little-endian.",
}
_SEVEN: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAAPUlEQVR42n3NoRGAMAAEwc0bIimVElMK"
    "JSBRBAEBw/Dq5k8c/+ubFFW6HRa5zXpRlIfShp2M76WDmKF+t06fcgghR3epUQAAAABJRU5ErkJggg=="
)
_EXAMPLES: Final = {
    "picture": {
        "summary": "A picture: its label, and the two best classes",
        "value": {
            "id": "1",
            "inputs": [{"name": "image", "shape": [1, 1], "datatype": "BYTES", "data": [_SEVEN]}],
            "outputs": [
                {"name": "label"},
                {"name": "probabilities", "parameters": {"classification": 2}},
            ],
        },
    },
}
INDEX: Final = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "ready": {
                            "type": "boolean",
                            "description": "Only those that are loaded.",
                        }
                    },
                }
            }
        }
    }
}
ADMINISTRATION: Final[RouteOptions] = {
    "response_class": Response,
    "responses": {
        200: {"description": "It is done."},
        401: {"model": ErrorAnswer, "description": "The token is missing or wrong."},
        403: {"model": ErrorAnswer, "description": "Nobody may: no token is set."},
        **UNKNOWN,
    },
}
INFER: Final[RouteOptions] = {
    "response_model": Inferred,
    "responses": {**REFUSED, **UNKNOWN, **TOO_LARGE, **NOT_READY},
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _REQUEST, "examples": _EXAMPLES},
                "application/octet-stream": {"schema": _BYTES},
            },
        }
    },
}

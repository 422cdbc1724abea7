"""What the interactive documentation says of the protocol's routes."""

from typing import Any, Final

from fastapi import Response

from service.api.parameters import Responses
from service.v2.schemas import ErrorAnswer, Inferred

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
_PARAMETERS: Final = {"type": "object"}
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
_WANTED: Final = {
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
        "id": {"type": "string", "description": "Comes back with the answer."},
        "parameters": _PARAMETERS
        | {
            "description": "`binary_data_output`: true for bytes; `runtime`: that is to execute "
            "the model. Others have no effect, but a `sequence_id` is refused."
        },
        "inputs": {"type": "array", "items": _TENSOR, "minItems": 1, "maxItems": 1},
        "outputs": {
            "type": "array",
            "items": _WANTED,
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
ADMINISTRATION: Final[dict[str, Any]] = {
    "response_class": Response,
    "responses": {
        200: {"description": "It is done."},
        401: {"model": ErrorAnswer, "description": "The token is missing or wrong."},
        403: {"model": ErrorAnswer, "description": "Nobody may: no token is set."},
        **UNKNOWN,
    },
}
INFER: Final[dict[str, Any]] = {
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

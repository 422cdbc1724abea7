"""What the interactive documentation says beside the routes' own words."""

from typing import Any, Final

DESCRIPTION: Final = """
Small image classifiers, each with the evidence that a person needs to choose between them.

Errors answer `{"detail": ...}`: what was wrong, and what is accepted. A model, a version or a
runtime that does not exist is always an error, never a silent default.
"""
TAGS: Final = [
    {"name": "predict", "description": "Pictures in, predictions out."},
    {"name": "models", "description": "Which models there are, and what each is."},
    {"name": "evidence", "description": "Metrics, curves, filters and examples of a model."},
    {"name": "benchmark", "description": "Speed and size, recorded and measured now."},
    {"name": "health", "description": "Probes, and metrics for Prometheus."},
]


def name_example(schema: dict[str, Any], model: str) -> dict[str, Any]:
    """Give every path parameter `name` of an OpenAPI schema a model that exists as example."""
    for path in schema["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if (parameter["in"], parameter["name"]) == ("path", "name"):
                    parameter["example"] = model
    return schema

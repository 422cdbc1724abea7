"""What the interactive documentation says beside the routes' own words."""

from typing import Any, Final

from artifact.studies import Studies
from service.registry import LoadedModel
from service.v2 import schemas as open_inference

DESCRIPTION: Final = """
Small image classifiers, each with the evidence that a person needs to choose between them.

Errors answer `{"detail": ...}`: what was wrong, and what is accepted. A model, a version or a
runtime that does not exist is always an error, never a silent default.
"""
TAGS: Final = [
    {"name": "predict", "description": "Pictures in, predictions out."},
    {"name": "models", "description": "Which models there are, and what each is."},
    {"name": "evidence", "description": "Metrics, curves, filters and examples of a model."},
    {"name": "comparison", "description": "Every model against every other, by statistics."},
    {"name": "studies", "description": "What was tried, over several seeds, and what is noise."},
    {"name": "benchmark", "description": "Speed and size, recorded and measured now."},
    open_inference.TAG,
    {"name": "health", "description": "Probes, and metrics for Prometheus."},
]


def name_example(schema: dict[str, Any], model: LoadedModel) -> dict[str, Any]:
    """Give every `name` and `version` in a path of an OpenAPI schema one that exists as example."""
    return _with_examples(
        schema, {"name": model.manifest.name, "version": str(model.manifest.version)}
    )


def study_example(schema: dict[str, Any], studies: Studies | None) -> dict[str, Any]:
    """Give every `study` in a path of an OpenAPI schema one that exists as example."""
    first = next(iter(studies or ()), None)
    return schema if first is None else _with_examples(schema, {"study": first.study.name})


def _with_examples(schema: dict[str, Any], examples: dict[str, str]) -> dict[str, Any]:
    for path in schema["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path" and parameter["name"] in examples:
                    parameter["example"] = examples[parameter["name"]]
    return schema

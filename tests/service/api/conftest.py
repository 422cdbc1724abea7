from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

Schema = dict[str, Any]  # OpenAPI's


@pytest.fixture(scope="session")
def schema(client: TestClient) -> Schema:
    """What /openapi.json says."""
    document: Schema = client.get("/openapi.json").json()
    return document


def operations(schema: Schema, method: str) -> Iterator[tuple[str, Schema]]:
    """Every operation of that method, by its path with the parameters' documented examples."""
    for path, item in schema["paths"].items():
        if method in item:
            yield _with_examples(path, item[method]), item[method]


def _with_examples(path: str, operation: Schema) -> str:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            # One that exists: of what is served, or the only ones that are accepted.
            example = parameter.get("example") or parameter["schema"]["examples"][0]
            path = path.replace(f"{{{parameter['name']}}}", str(example))
    return path
